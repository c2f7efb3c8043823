//! Images that two packs share: each pack of `prepare` lists its own duplicates and how its images look;
//! between packs that is compared here, once for each two of them. Independent of who is trained on what.

use super::Evidence;
use crate::tables::Alike;
use hilum_cache::receipt::Artifact;
use hilum_cache::tree::Entry;
use hilum_cache::{Digest, Result};
use hilum_stages::contract::port::{File, InputArtifact};
use hilum_stages::data::contents::{Content, Likeness, Pair};
use hilum_stages::data::pack::Images;
use hilum_stages::duplicates::{self, RADIUS, near_duplicate};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// The largest number of candidate pairs between two packs.
const MAX_NOMINATED: usize = 200_000;

/// Pairs within and between these packs.
///
/// # Errors
/// If a pack in the store cannot be read.
pub(super) fn of(packs: &[Artifact], evidence: &Evidence) -> Result<Alike> {
    let mut out = Alike::default();
    // Packs of other sizes may contain the same images.
    let mut distinct: BTreeMap<Digest, &Artifact> = BTreeMap::new();
    for pack in packs {
        if let Some(contents) = evidence.tables.contents_id(evidence.store, pack)?
            && distinct.insert(contents, pack).is_none()
        {
            out.pairs.extend(evidence.tables.pairs(evidence.store, pack)?.iter().cloned());
        }
    }
    let packs: Vec<(Digest, &Artifact)> = distinct.into_iter().collect();
    for (i, one) in packs.iter().enumerate() {
        for other in &packs[i + 1..] {
            let found = evidence.tables.alike((one.0, other.0), || between(one.1, other.1, evidence))?;
            out.pairs.extend(found.pairs.iter().cloned());
            out.not_compared += found.not_compared;
        }
    }
    Ok(out)
}

/// Pairs of one image in each pack and none in both.
fn between(one: &Artifact, other: &Artifact, evidence: &Evidence) -> Result<Alike> {
    let contents = |pack: &Artifact| evidence.tables.contents(evidence.store, pack);
    let (of_one, of_other) = (contents(one)?, contents(other)?);
    let mut out = Alike::default();
    let mut of_greys: HashMap<Digest, Digest> = HashMap::new();
    for content in of_one.iter().chain(of_other.iter()) {
        let first = *of_greys.entry(content.greys).or_insert(content.image);
        if first != content.image {
            out.pairs.push(Pair::new(first, content.image, Likeness::Equal));
        }
    }
    let images = |all: &[Content]| all.iter().map(|c| c.image).collect::<HashSet<_>>();
    let (in_one, in_other) = (images(&of_one), images(&of_other));
    // One image of each picture stands for it.
    let shown = |all: &[Content], not_in: &HashSet<Digest>| -> Vec<(Digest, u64)> {
        let first = all.iter().filter(|c| !not_in.contains(&c.image) && of_greys.get(&c.greys) == Some(&c.image));
        first.filter_map(|c| Some((c.image, u64::from_str_radix(&c.phash, 16).ok()?))).collect()
    };
    let (a, b) = (shown(&of_one, &in_other), shown(&of_other, &in_one));
    if a.is_empty() || b.is_empty() {
        return Ok(out);
    }
    let hashes = |all: &[(Digest, u64)]| all.iter().map(|h| h.1).collect::<Vec<_>>();
    let nominated = duplicates::between(&hashes(&a), &hashes(&b), RADIUS, MAX_NOMINATED);
    out.not_compared = nominated.total - nominated.pairs.len() as u64;
    if nominated.pairs.is_empty() {
        return Ok(out);
    }
    let pairs: Vec<(Digest, Digest)> = nominated.pairs.iter().map(|(i, j, _)| (a[*i as usize].0, b[*j as usize].0)).collect();
    let (left, right) = (thumbnails(one, pairs.iter().map(|p| p.0), evidence)?, thumbnails(other, pairs.iter().map(|p| p.1), evidence)?);
    let looks_alike = |(x, y): &&(Digest, Digest)| left.get(x).zip(right.get(y)).is_some_and(|(x, y)| near_duplicate(x, y));
    out.pairs.par_extend(pairs.par_iter().filter(looks_alike).map(|(x, y)| Pair::new(*x, *y, Likeness::Near)));
    Ok(out)
}

/// Thumbnails of some images of a pack. They are not hashed first: damaged ones look like nothing, and stages that train on
/// them hash them.
fn thumbnails(pack: &Artifact, images: impl Iterator<Item = Digest>, evidence: &Evidence) -> Result<HashMap<Digest, Arc<Vec<u8>>>> {
    let missing = || hilum_cache::Error::Missing(pack.digest);
    let file = |f: Entry| -> Result<File> { Ok(File { path: evidence.store.plain_path(&f.digest).map_err(|_| missing())?, name: f.name }) };
    let files: Vec<File> = evidence.store.files(pack)?.into_iter().map(file).collect::<Result<_>>()?;
    let Ok(opened) = Images::open(&files) else { return Err(missing()) };
    let images: BTreeSet<Digest> = images.collect();
    let thumbnail = |image: &Digest| Some((*image, Arc::new(duplicates::thumbnail(opened.get(image)?, opened.side, opened.side))));
    Ok(images.par_iter().filter_map(thumbnail).collect())
}
