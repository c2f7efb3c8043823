//! The table of figures. One figure is one file in `figures/` and one row here; it is drawn from a record, by nobody
//! who made the record. Independent of stages and of the report. `drawing` alone knows the plotting library's backends;
//! the bytes are the same everywhere.

mod class_bars;
mod classifiers;
mod confidence;
mod confusion;
mod curves;
mod discriminator_scores;
mod drawing;
pub mod embedding;
pub mod intervals;
mod losses;
mod losses_so_far;
pub mod predictions;
mod reliability;
mod roc;
pub mod sheet;
#[cfg(test)]
mod tests;

pub use drawing::Drawing;
pub use predictions::{ArmPredictions, TestPredictions};
pub use sheet::sheet;

use crate::contract::prelude::*;
use crate::data::figure::FigureFiles;
use crate::data::sample::ClassCount;
use crate::records::{Compared, Embedded, History, Table};

/// The name of the figure that shows whether probabilities mean what they say.
pub const RELIABILITY: &str = reliability::FIGURE.name;

/// Something that is drawn from a record.
#[derive(Debug)]
pub struct Figure {
    /// Its name, and that of its files.
    pub name: &'static str,
    /// What it shows, in one sentence.
    pub doc: &'static str,
    /// What it is drawn from, and how.
    pub draw: Draw,
}

/// How a figure is drawn, by what it is drawn from. The text is what only whoever made the record knows of it; a figure
/// that a record has nothing for is none.
#[derive(Debug, Clone, Copy)]
pub enum Draw {
    /// From the positions of images in an embedding; the text says how they were computed.
    Embedding(fn(&Table<Embedded>, &str) -> Option<Drawing>),
    /// From a comparison of arms.
    Comparison(fn(&Table<Compared>) -> Option<Drawing>),
    /// From the history of one training; the text is its name.
    History(fn(&History, &str) -> Option<Drawing>),
    /// From the history of one training that is not done; the text is its name.
    Unfinished(fn(&History, &str) -> Option<Drawing>),
    /// From the histories of many trainings, each with the name of its series.
    Histories(fn(&[(String, History)]) -> Option<Drawing>),
    /// From what is in training sets, each with the name of its arm; equal names are its repeats and folds. The text is the name of
    /// the training.
    TrainingSets(fn(&[(String, Vec<ClassCount>)], &str) -> Option<Drawing>),
    /// From what arms predicted on one test.
    Predictions(fn(&TestPredictions) -> Option<Drawing>),
}

/// Every figure; those of one record are drawn in this order.
// One row a line, so that branches that each add one do not conflict.
#[rustfmt::skip]
pub static FIGURES: &[Figure] = &[
    embedding::FIGURE,
    intervals::FIGURE,
    losses::FIGURE,
    discriminator_scores::FIGURE,
    losses_so_far::FIGURE,
    classifiers::TRAINING,
    classifiers::VALIDATION,
    class_bars::FIGURE,
    confusion::FIGURE,
    confidence::FIGURE,
    roc::FIGURE,
    reliability::FIGURE,
];

impl Figure {
    /// The file of results that it is drawn from, for people: its name and what makes it.
    pub fn reads(&self) -> &'static str {
        match self.draw {
            Draw::Embedding(_) => "`embedding.csv` of `umap`",
            Draw::Comparison(_) => "`table.csv` of `compare`",
            Draw::History(_) | Draw::Unfinished(_) | Draw::Histories(_) => "`history.csv` of a training",
            Draw::TrainingSets(_) => "`samples.csv` of a training set",
            Draw::Predictions(_) => "`predictions.csv` of `evaluate`",
        }
    }
}

/// A figure that was drawn.
pub struct Drawn {
    /// Which.
    pub figure: &'static Figure,
    /// What it looks like.
    pub drawing: Drawing,
}

/// The figures of a table for which `pick` gives a drawing.
fn drawn(figures: &'static [Figure], pick: impl Fn(Draw) -> Option<Drawing>) -> Vec<Drawn> {
    figures.iter().filter_map(|figure| Some(Drawn { figure, drawing: pick(figure.draw)? })).collect()
}

/// The files of figures, SVG and PNG.
fn files(drawn: Vec<Drawn>) -> Result<FigureFiles> {
    let files = drawn.iter().map(|d| d.drawing.files(d.figure.name)).collect::<Result<Vec<_>>>()?;
    Ok(FigureFiles { files: files.into_iter().flatten().collect() })
}

/// The files of all figures of an embedding.
///
/// # Errors
/// Where one cannot be drawn as PNG.
pub fn of_embedding(embedding: &Table<Embedded>, how: &str) -> Result<FigureFiles> {
    files(drawn(FIGURES, |draw| if let Draw::Embedding(f) = draw { f(embedding, how) } else { None }))
}

/// The files of all figures of a comparison.
///
/// # Errors
/// As [`of_embedding`].
pub fn of_comparison(comparison: &Table<Compared>) -> Result<FigureFiles> {
    files(drawn(FIGURES, |draw| if let Draw::Comparison(f) = draw { f(comparison) } else { None }))
}

/// All figures of a training that is done.
pub fn of_history(history: &History, training: &str) -> Vec<Drawn> {
    drawn(FIGURES, |draw| if let Draw::History(f) = draw { f(history, training) } else { None })
}

/// All figures of a training that is not done.
pub fn of_unfinished(history: &History, training: &str) -> Vec<Drawn> {
    drawn(FIGURES, |draw| if let Draw::Unfinished(f) = draw { f(history, training) } else { None })
}

/// All figures of many trainings, each with the name of its series; equal names share a colour.
pub fn of_histories(histories: &[(String, History)]) -> Vec<Drawn> {
    drawn(FIGURES, |draw| if let Draw::Histories(f) = draw { f(histories) } else { None })
}

/// All figures of the training sets of a training, each with the name of its arm; equal names are its repeats and folds.
pub fn of_training_sets(sets: &[(String, Vec<ClassCount>)], training: &str) -> Vec<Drawn> {
    drawn(FIGURES, |draw| if let Draw::TrainingSets(f) = draw { f(sets, training) } else { None })
}

/// All figures of what arms predicted on one test.
pub fn of_predictions(test: &TestPredictions) -> Vec<Drawn> {
    drawn(FIGURES, |draw| if let Draw::Predictions(f) = draw { f(test) } else { None })
}
