//! The losses of an adversarial training.

use super::curves::over;
use super::{Draw, Figure};

pub(super) const FIGURE: Figure = Figure {
    name: "losses",
    doc: "The losses of discriminator and generator over the steps of an adversarial training.",
    draw: Draw::History(|history, training| {
        let columns = ["loss-discriminator", "loss-generator"];
        columns.iter().all(|c| history.has(c)).then(|| over(history, &format!("{training}: losses"), "loss", &columns))
    }),
};
