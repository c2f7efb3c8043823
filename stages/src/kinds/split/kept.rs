//! An earlier split whose patients stay in their parts.

use super::{Group, PARTS, Split};
use crate::contract::prelude::*;
use crate::data::sample::Samples;
use crate::words::counted;
use hilum_cache::Digest;
use std::collections::HashMap;

/// Parts that every split has, so that a missing table was forgotten; a validation part may be new.
const MUST_HAVE: [&str; 2] = ["train", "test"];

/// The part of each group in the earlier split, and how many groups each of `parts` has from it.
///
/// # Errors
/// Where the directory contains none of the tables of a split, or one of them cannot be read.
pub(super) fn pinned(split: &Split, groups: &[Group], parts: usize, cx: &Context) -> Result<(Vec<Option<usize>>, Vec<usize>)> {
    let mut taken = vec![0; parts];
    if split.keep.is_none() {
        return Ok((vec![None; groups.len()], taken));
    }
    let mut known: HashMap<Digest, usize> = HashMap::new();
    let (mut tables, mut disputed) = (std::collections::BTreeSet::new(), std::collections::BTreeSet::new());
    for file in &cx.source("keep").files {
        let Some(part) = PARTS.iter().position(|p| file.name == format!("{p}.csv")) else { continue };
        let rows = Samples::read_rows(&Context::read_listed(file)?).map_err(|e| Error::data(format!("`{}` of `keep`: {e}", file.name)))?;
        // If tables list an image twice, one that was tested on must not become one that is trained on.
        for row in &rows {
            let known = known.entry(row.image).or_insert(part);
            if *known != part {
                disputed.insert(row.image);
            }
            *known = part.max(*known);
        }
        tables.insert(part);
    }
    if !disputed.is_empty() {
        cx.warn(format!("{} in several parts of the earlier split; each stays in the last of them", counted(disputed.len(), "image was", "images were")));
    }
    if let Some(part) = PARTS
        .iter()
        .enumerate()
        .find(|(i, part)| MUST_HAVE.contains(part) && split.fills(part) && !tables.contains(i))
        .map(|p| p.1)
        .filter(|_| !tables.is_empty())
    {
        return Err(Error::helped(format!("the directory of `keep` has no `{part}.csv`"), "copy all tables of the earlier split into it"));
    }
    if tables.is_empty() {
        let names: Vec<String> = PARTS.iter().map(|p| format!("{p}.csv")).collect();
        return Err(Error::helped("the directory of `keep` has no tables of a split", format!("it must contain {}", names.join(", "))));
    }
    let (mut torn, mut unfilled) = (0, std::collections::BTreeSet::new());
    let out: Vec<Option<usize>> = groups
        .iter()
        .map(|group| {
            let mut votes = [0usize; PARTS.len()];
            group.rows.iter().filter_map(|r| known.get(&r.image)).for_each(|part| votes[*part] += 1);
            torn += usize::from(votes.iter().filter(|v| **v > 0).count() > 1);
            // The later part wins a tie: an image that was tested on must not become one that is trained on.
            let part = (0..votes.len()).max_by_key(|p| votes[*p]).filter(|p| votes[*p] > 0)?;
            if !split.fills(PARTS[part]) {
                unfilled.insert(PARTS[part]);
                return None;
            }
            taken[part] += 1;
            Some(part)
        })
        .collect();
    if let Some(part) = unfilled.first() {
        return Err(Error::helped(
            format!("patients of the earlier split's part `{part}` would be assigned again, since this split has no such part"),
            format!("give `{part}` a share, or remove `{part}.csv` from the directory of `keep`"),
        ));
    }
    if torn > 0 {
        cx.warn(format!(
            "{} in several parts of the earlier split; each goes to the part that had most of the patient's images",
            counted(torn, "patient was", "patients were")
        ));
    }
    let stay = out.iter().flatten().count();
    cx.note(format!("{} in the part of the earlier split; {} new", counted(stay, "patient stays", "patients stay"), counted(out.len() - stay, "is", "are")));
    Ok((out, taken))
}
