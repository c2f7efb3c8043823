//! The losses of a training that is not done.

use super::curves::over;
use super::{Draw, Figure};

pub(super) const FIGURE: Figure = Figure {
    name: "losses-so-far",
    doc: "Every loss that a training recorded until its newest checkpoint.",
    draw: Draw::Unfinished(|history, training| {
        let columns: Vec<&str> = history.columns().filter(|c| c.contains("loss")).collect();
        (!history.is_empty()).then(|| over(history, &format!("{training}: losses so far"), "loss", &columns))
    }),
};
