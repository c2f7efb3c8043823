//! How images look to the discriminator of an adversarial training.

use super::curves::over;
use super::{Draw, Figure};

pub(super) const FIGURE: Figure = Figure {
    name: "judgements",
    doc: "How real the discriminator takes real and made images to be, over the steps of an adversarial training.",
    draw: Draw::History(|history, training| {
        let columns = ["d-real", "d-fake"];
        let caption = format!("{training}: how images look to the discriminator");
        columns.iter().all(|c| history.has(c)).then(|| over(history, &caption, "judged real", &columns))
    }),
};
