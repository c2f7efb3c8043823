//! What `memorisation` refuses, and what it warns of. Knows no features and no pixels.

use crate::contract::prelude::*;
use crate::data::sample::{Origin, Sample};
use crate::words::counted;
use std::collections::BTreeSet;

/// Refuses sets of which nothing could be said, and warns of those of which little can.
pub(super) fn check(training: &[Sample], held_out: &[Sample], synthetic: &[Sample], cx: &Context) -> Result<()> {
    for (rows, port) in [(training, "training"), (synthetic, "synthetic")] {
        if rows.is_empty() {
            return Err(Error::data(format!("`{port}` has no images")));
        }
    }
    let real = synthetic.iter().filter(|row| row.origin == Origin::Real).count();
    if real > 0 {
        let (one, several) = ("image of `synthetic` is real", "images of `synthetic` are real");
        return Err(Error::helped(counted(real, one, several), "bind images that a generator made to it, such as the output of `synthesize`"));
    }
    for (rows, port) in [(training, "training"), (held_out, "held_out")] {
        let generated = rows.iter().filter(|row| row.origin == Origin::Synthetic).count();
        if generated > 0 {
            let (one, several) = (format!("image of `{port}` is synthetic"), format!("images of `{port}` are synthetic"));
            return Err(Error::helped(counted(generated, &one, &several), "bind real images to it"));
        }
    }
    let seen: BTreeSet<_> = training.iter().map(|row| row.image).collect();
    let shared = held_out.iter().filter(|row| seen.contains(&row.image)).count();
    if shared > 0 {
        return Err(Error::helped(
            counted(shared, "image of `held_out` is in `training`, too", "images of `held_out` are in `training`, too"),
            "bind images to `held_out` that the generator has not seen, such as the test part of a split by patient",
        ));
    }
    let patients: BTreeSet<&str> = training.iter().map(|row| row.patient.as_str()).filter(|p| !p.is_empty()).collect();
    let both = held_out.iter().map(|row| row.patient.as_str()).filter(|p| patients.contains(p)).collect::<BTreeSet<_>>().len();
    if both > 0 {
        cx.warn(format!(
            "{} images in both `training` and `held_out`: images of one patient lie near to each other",
            counted(both, "patient has", "patients have")
        ));
    }
    Ok(())
}
