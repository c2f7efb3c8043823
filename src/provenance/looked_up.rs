//! Which packs gave the images of a port where images are looked up by tables. A pack that is bound there may have given none,
//! and is then no part of the stage's recipe.

use super::history::{History, Output, RunId};
use hilum_cache::Digest;
use std::collections::HashMap;

/// What a pack gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Given {
    /// A number of images, at least one.
    Images(u64),
    /// No image.
    Nothing,
    /// Unknown.
    Unknown,
}

impl History<'_> {
    /// What each pack gave of the images in a list. As when the recipe was formed, an image comes from the first pack that
    /// holds it with the pixels that the list names.
    pub(super) fn given(&self, run: RunId, packs: &[Output], list: &Digest) -> Vec<Given> {
        let Some(mut missing) = self.store.read(list).ok().and_then(|bytes| looked_up(&bytes)) else { return vec![Given::Unknown; packs.len()] };
        let give = |pack: &Output| {
            let artifact = self.receipt_in_run(run, &pack.stage).and_then(|at| self.receipts[at].0.outputs.get(&pack.port))?;
            let index = self.tables.pack(self.store, artifact).ok()?;
            let before = missing.len();
            missing.retain(|image, pixels| index.get(image) != Some(pixels));
            Some((before - missing.len()) as u64)
        };
        let mut given: Vec<Given> =
            packs.iter().map(give).map(|n| n.map_or(Given::Unknown, |n| if n == 0 { Given::Nothing } else { Given::Images(n) })).collect();
        // Nothing was left for a pack that had not been made: it was not waited for.
        let unmade = |pack: &Output| self.receipt_in_run(run, &pack.stage).is_none();
        if missing.is_empty() {
            packs.iter().zip(&mut given).filter(|(pack, given)| **given == Given::Unknown && unmade(pack)).for_each(|(_, given)| *given = Given::Nothing);
        }
        given
    }
}

/// Images with their pixels, of a list with one pair a line; those that no pack held (`-`) are left out.
pub fn looked_up(list: &[u8]) -> Option<HashMap<Digest, Digest>> {
    let pairs = std::str::from_utf8(list).ok()?.lines().map(|line| line.split_once(' '));
    let found = pairs.filter(|pair| pair.is_none_or(|(_, pixels)| pixels != "-"));
    found.map(|pair| pair.and_then(|(image, pixels)| Some((Digest::from_hex(image)?, Digest::from_hex(pixels)?)))).collect()
}
