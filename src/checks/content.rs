//! Content, not only names: one picture on both sides of a test, under whatever name.

use super::{Found, Look, Side};
use roaring::RoaringBitmap;
use std::collections::HashSet;

/// Images of the training side that stand in the test set, or whose greys do. Those of a patient who is on both sides are
/// found as that.
pub(super) fn equal(look: &Look) -> Vec<Found> {
    let of = |side: &Side| {
        let rows = side.rows.as_ref()?;
        let (trained, people) = (side.trained(), side.people());
        let shared: HashSet<u32> =
            rows.owners.iter().filter(|(image, owner)| trained.contains(*image) && owner.is_none_or(|o| !people.contains(o))).map(|o| o.0).collect();
        let model = &look.p.stages[side.trainer].base;
        let message = format!("`{model}` would be tested on images that it was trained on");
        let images = side.found(
            (shared.len() as u64, "images"),
            ["is equal to an image of the training side", "are equal to images of the training side"],
            message,
            "remove the copies; where two imports are of the same people, give both one `patients: NAME`",
            vec![side.trainer],
        );
        // Whoever has an image of somebody is that somebody, in other images, too.
        let tested: RoaringBitmap = rows.owners.iter().filter_map(|o| o.1).collect();
        let known = (look.lineage.with_sharing(&people) - &people) & tested;
        let message = format!("`{model}` would be tested on patients that it was trained on, under other names");
        images.or_else(|| {
            side.found(
                (known.len(), "patients"),
                ["has an image of a patient of the training side", "have images of patients of the training side"],
                message,
                "say with `patients` that the imports are of the same people, or leave these patients out",
                vec![side.trainer],
            )
        })
    };
    look.sides.iter().filter_map(of).collect()
}

/// Pairs that look alike, one of each on either side.
pub(super) fn near(look: &Look) -> Vec<Found> {
    let of = |side: &Side| {
        let rows = side.rows.as_ref()?;
        let (trained, people) = (side.trained(), side.people());
        let tested: RoaringBitmap = rows.owners.iter().filter(|(_, owner)| owner.is_none_or(|o| !people.contains(o))).map(|o| o.0).collect();
        let across = |(a, b): &&(u32, u32)| {
            (tested.contains(*a) && trained.contains(*b) && !trained.contains(*a)) || (tested.contains(*b) && trained.contains(*a) && !trained.contains(*b))
        };
        let count = look.lineage.near.iter().filter(across).count() as u64;
        let model = &look.p.stages[side.trainer].base;
        let message = format!("`{model}` would be tested on images that look like images it was trained on");
        let mut found = side.found(
            (count, "images"),
            ["looks like an image of the training side", "look like images of the training side"],
            message,
            "look at the pairs (`duplicates.csv` of `prepare` lists those within one pack): a patient may have two ids",
            vec![side.trainer],
        )?;
        if look.lineage.not_compared > 0 {
            found.notes.push({
                let what = hilum_stages::words::counted(look.lineage.not_compared, "more pair of images has", "more pairs of images have");
                format!("{what} similar hashes and {} not compared", if look.lineage.not_compared == 1 { "was" } else { "were" })
            });
        }
        Some(found)
    };
    look.sides.iter().filter_map(of).collect()
}
