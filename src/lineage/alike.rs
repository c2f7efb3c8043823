//! Pictures that two packs share: each pack of `prepare` says which of its own images are one picture, and what they look like;
//! between packs that is compared here. Ignorant of who is trained on what.

use super::Evidence;
use hilum_cache::receipt::Artifact;
use hilum_cache::{Digest, Result};
use hilum_stages::contract::port::{ArtifactType, File};
use hilum_stages::data::contents::{Content, Likeness, Pair};
use hilum_stages::data::pack::Images;
use hilum_stages::duplicates::{self, RADIUS, near_duplicate};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Hashes may nominate so many pairs between two packs.
const MAX_NOMINATED: usize = 200_000;

/// Pairs within and between these packs.
///
/// # Errors
/// Where a pack in the store does not read.
pub(super) fn pairs(packs: &[Artifact], evidence: &Evidence) -> Result<Vec<Pair>> {
    let mut out = vec![];
    // Packs of other sizes may hold the same images.
    let mut distinct: BTreeMap<Digest, &Artifact> = BTreeMap::new();
    for pack in packs {
        if let Some(contents) = evidence.tables.contents_id(evidence.store, pack)?
            && distinct.insert(contents, pack).is_none()
        {
            out.extend(evidence.tables.pairs(evidence.store, pack)?.iter().cloned());
        }
    }
    if distinct.len() < 2 {
        return Ok(out);
    }
    let packs: Vec<(&Artifact, Vec<Content>)> = distinct.into_values().map(|a| Ok((a, evidence.tables.contents(evidence.store, a)?))).collect::<Result<_>>()?;
    let mut of_greys: HashMap<Digest, Digest> = HashMap::new();
    for content in packs.iter().flat_map(|(_, contents)| contents) {
        let first = *of_greys.entry(content.greys).or_insert(content.image);
        if first != content.image {
            out.push(Pair::new(first, content.image, Likeness::Equal));
        }
    }
    for (i, one) in packs.iter().enumerate() {
        for other in &packs[i + 1..] {
            near(one, other, &of_greys, evidence, &mut out)?;
        }
    }
    Ok(out)
}

type Pack<'a> = (&'a Artifact, Vec<Content>);

/// Pairs that look alike, of one image in each pack and none in both.
fn near(one: &Pack, other: &Pack, of_greys: &HashMap<Digest, Digest>, evidence: &Evidence, out: &mut Vec<Pair>) -> Result<()> {
    let images = |pack: &Pack| pack.1.iter().map(|c| c.image).collect::<HashSet<_>>();
    let (in_one, in_other) = (images(one), images(other));
    // One image of each picture stands for it.
    let shown = |pack: &Pack, not_in: &HashSet<Digest>| -> Vec<(Digest, u64)> {
        let first = pack.1.iter().filter(|c| !not_in.contains(&c.image) && of_greys.get(&c.greys) == Some(&c.image));
        first.filter_map(|c| Some((c.image, u64::from_str_radix(&c.phash, 16).ok()?))).collect()
    };
    let (a, b) = (shown(one, &in_other), shown(other, &in_one));
    let hashes = |all: &[(Digest, u64)]| all.iter().map(|h| h.1).collect::<Vec<_>>();
    let nominated = duplicates::between(&hashes(&a), &hashes(&b), RADIUS, MAX_NOMINATED);
    if nominated.pairs.is_empty() {
        return Ok(());
    }
    let (pixels_a, pixels_b) = (open(one.0, evidence)?, open(other.0, evidence)?);
    let thumbnail = |pack: &Images, image: &Digest| pack.get(image).map(|p| duplicates::thumbnail(p, pack.side, pack.side));
    for (i, j, _) in &nominated.pairs {
        let (left, right) = (a[*i as usize].0, b[*j as usize].0);
        if let (Some(x), Some(y)) = (thumbnail(&pixels_a, &left), thumbnail(&pixels_b, &right))
            && near_duplicate(&x, &y)
        {
            out.push(Pair::new(left, right, Likeness::Near));
        }
    }
    Ok(())
}

/// A pack for a look at some of its pixels. They are not hashed first: what is damaged looks like nothing, and whoever is
/// trained on them hashes them.
fn open(pack: &Artifact, evidence: &Evidence) -> Result<Images> {
    let files: Vec<File> = evidence.store.files(pack)?.into_iter().map(|f| File { path: evidence.store.object_path(&f.digest), name: f.name }).collect();
    Images::open(&files).map_err(|_| hilum_cache::Error::Missing(pack.digest))
}
