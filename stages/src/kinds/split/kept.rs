//! An earlier split that pins: whoever stood in a part of it stays there.

use super::{Group, PARTS, Split};
use crate::contract::prelude::*;
use crate::data::sample::Samples;
use crate::words::counted;
use hilum_cache::Digest;
use std::collections::HashMap;

/// Parts that every split has, so that a table which is missing was forgotten; a validation part may be new.
const MUST_HAVE: [&str; 2] = ["train", "test"];

/// The part of each group that an earlier split names, and how many groups each of `parts` has by that.
///
/// # Errors
/// Where the directory holds none of the tables of a split, or one of them does not read.
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
        // An image that was tested on does not become one that is trained on, where tables name it twice.
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
        cx.note(format!(
            "warning: {} in several parts of the earlier split; each stays in the last of them",
            counted(disputed.len(), "image stood", "images stood")
        ));
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
        return Err(Error::helped("`keep` names a directory without the tables of a split", format!("it has to hold {}", names.join(", "))));
    }
    let (mut torn, mut unfilled) = (0, std::collections::BTreeSet::new());
    let out: Vec<Option<usize>> = groups
        .iter()
        .map(|group| {
            let mut votes = [0usize; PARTS.len()];
            group.rows.iter().filter_map(|r| known.get(&r.image)).for_each(|part| votes[*part] += 1);
            torn += usize::from(votes.iter().filter(|v| **v > 0).count() > 1);
            // Between equals the later part: an image that was tested on does not become one that is trained on.
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
            format!("patients of the earlier split's part `{part}` would be dealt out anew, since this split has no such part"),
            format!("give `{part}` a share, or remove `{part}.csv` from the directory of `keep`"),
        ));
    }
    if torn > 0 {
        cx.note(format!(
            "warning: {} in several parts of the earlier split; each goes to the part that had most of their images",
            counted(torn, "patient stood", "patients stood")
        ));
    }
    let stay = out.iter().flatten().count();
    cx.note(format!("{} where the earlier split had them; {} new", counted(stay, "patient stays", "patients stay"), counted(out.len() - stay, "is", "are")));
    Ok((out, taken))
}
