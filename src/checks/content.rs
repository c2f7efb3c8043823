//! Leaks by content: the same image in training and test data, whatever its name.

use super::{CheckInput, CheckResult, Side};
use roaring::RoaringBitmap;
use std::collections::HashSet;

/// Training images that are also in the test set, by bytes or grey values. Those of a patient who is on both sides are
/// found as that.
pub(super) fn equal(look: &CheckInput) -> Vec<CheckResult> {
    let of = |side: &Side| {
        let rows = side.rows.as_ref()?;
        let (trained, patients) = (side.trained(), side.patients());
        let shared: HashSet<u32> =
            rows.owners.iter().filter(|(image, owner)| trained.contains(*image) && owner.is_none_or(|o| !patients.contains(o))).map(|o| o.0).collect();
        let model = &look.p.stages[side.trainer].base;
        let message = format!("`{model}` would be tested on images that it was trained on");
        let images = side.found(
            (shared.len() as u64, "images"),
            ["is identical to a training image", "are identical to training images"],
            message,
            "remove the copies; if two imports are of the same people, give both the same `patients: NAME`",
            vec![side.trainer],
        );
        // Two patients who share an image are one person, in their other images, too.
        let tested: RoaringBitmap = rows.owners.iter().filter_map(|o| o.1).collect();
        let known = (look.lineage.with_sharing(&patients) - &patients) & tested;
        let message = format!("`{model}` would be tested on patients that it was trained on, under other names");
        images.or_else(|| {
            side.found(
                (known.len(), "patients"),
                ["shares an image with a training patient", "share images with training patients"],
                message,
                "give both imports the same `patients: NAME`, or exclude these patients",
                vec![side.trainer],
            )
        })
    };
    look.sides.iter().filter_map(of).collect()
}

/// Pairs of one training and one test image that look alike.
pub(super) fn near(look: &CheckInput) -> Vec<CheckResult> {
    let of = |side: &Side| {
        let rows = side.rows.as_ref()?;
        let (trained, patients) = (side.trained(), side.patients());
        let tested: RoaringBitmap = rows.owners.iter().filter(|(_, owner)| owner.is_none_or(|o| !patients.contains(o))).map(|o| o.0).collect();
        let across = |(a, b): &&(u32, u32)| {
            (tested.contains(*a) && trained.contains(*b) && !trained.contains(*a)) || (tested.contains(*b) && trained.contains(*a) && !trained.contains(*b))
        };
        let count = look.lineage.near.iter().filter(across).count() as u64;
        let model = &look.p.stages[side.trainer].base;
        let message = format!("`{model}` would be tested on images that look like its training images");
        let mut found = side.found(
            (count, "images"),
            ["looks like a training image", "look like training images"],
            message,
            "inspect the pairs (`duplicates.csv` of `prepare` lists those within one pack): a patient may have two identifiers",
            vec![side.trainer],
        )?;
        if look.lineage.not_compared > 0 {
            found.notes.push({
                let what = hilum_stages::words::counted(look.lineage.not_compared, "other pair of images has", "other pairs of images have");
                format!("{what} similar hashes but {} not compared", if look.lineage.not_compared == 1 { "was" } else { "were" })
            });
        }
        Some(found)
    };
    look.sides.iter().filter_map(of).collect()
}
