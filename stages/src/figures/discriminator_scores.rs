//! What the discriminator of an adversarial training says of real and of generated images.

use super::curves::over;
use super::{Draw, Figure};

pub(super) const FIGURE: Figure = Figure {
    name: "discriminator-scores",
    doc: "Mean discriminator output on real and on generated images, per step.",
    draw: Draw::History(|history, training| {
        let columns = ["d-real", "d-fake"];
        let caption = format!("{training}: discriminator output");
        columns.iter().all(|c| history.has(c)).then(|| over(history, &caption, "mean discriminator output", &columns))
    }),
};
