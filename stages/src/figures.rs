//! The table of figures. One figure is one file in `figures/` and one row here; it is drawn from a record, by nobody
//! who made the record. Independent of stages and of the report. `drawing` alone knows the plotting library's backends;
//! the bytes are the same everywhere.

pub mod attention;
mod axes;
mod canvas;
mod class_bars;
mod classifiers;
mod confidence;
mod confusion;
mod curves;
mod cuts;
mod decision;
mod discriminator_scores;
mod dose;
mod drawing;
pub mod embedding;
mod flow;
pub mod intervals;
mod letters;
mod losses;
mod losses_so_far;
mod of_arms;
mod page;
mod panels;
mod picture;
mod precision_recall;
pub mod predictions;
mod probes;
mod quality;
mod reliability;
mod roc;
mod rows;
pub mod sheet;
mod spread;
#[cfg(test)]
mod tests;
mod thinned;
mod watched;
mod within_groups;

pub use attention::attention;
pub use drawing::Drawing;
pub use embedding::{ColouredBy, Embedding};
pub use flow::FlowStep;
pub use predictions::{ArmPredictions, TestPredictions};
pub use sheet::sheet;

use crate::contract::prelude::*;
use crate::data::figure::FigureFiles;
use crate::data::sample::ClassCount;
use crate::records::{ArmRow, Compared, History, MetricRow, ProbeRow, QualityRow, Table, WatchedRow, WithinGroupsRow};

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
    /// From the positions of images in one embedding or in several; the text is the caption.
    Embeddings(fn(&[Embedding], &str) -> Option<Drawing>),
    /// From a comparison of arms.
    Comparison(fn(&Table<Compared>) -> Option<Drawing>),
    /// From a comparison of arms, and what they were trained on.
    Doses(fn(&Table<Compared>, &Table<ArmRow>) -> Option<Drawing>),
    /// From the metrics of single evaluations, each with the name of its arm, and the comparison of the arms.
    Evaluations(fn(&[(String, Table<MetricRow>)], &Table<Compared>) -> Option<Drawing>),
    /// From the tables of real images between import and parts.
    Flow(fn(&[FlowStep]) -> Option<Drawing>),
    /// From the history of one training; the text is its name.
    History(fn(&History, &str) -> Option<Drawing>),
    /// From the history of one training that is not done; the text is its name.
    Unfinished(fn(&History, &str) -> Option<Drawing>),
    /// From what was watched in one training; the text is its name.
    Watched(fn(&Table<WatchedRow>, &str) -> Option<Drawing>),
    /// From the histories of many trainings, each with the name of its series.
    Histories(fn(&[(String, History)]) -> Option<Drawing>),
    /// From what is in training sets, each with the name of its arm; equal names are its repeats and folds. The text is the name of
    /// the training.
    TrainingSets(fn(&[(String, Vec<ClassCount>)], &str) -> Option<Drawing>),
    /// From what arms predicted on one test.
    Predictions(fn(&TestPredictions) -> Option<Drawing>),
    /// From figures of sets of synthetic images, each with its name.
    Qualities(fn(&[(String, Table<QualityRow>)]) -> Option<Drawing>),
    /// From areas within and between groups of images, each with the name of its arm.
    WithinGroups(fn(&[(String, Table<WithinGroupsRow>)]) -> Option<Drawing>),
    /// From areas of changed images, each with the name of its arm.
    Probes(fn(&[(String, Table<ProbeRow>)]) -> Option<Drawing>),
}

/// Every figure; those of one record are drawn in this order.
// One row a line, so that branches that each add one do not conflict.
#[rustfmt::skip]
pub static FIGURES: &[Figure] = &[
    embedding::FIGURE,
    embedding::SHEET,
    intervals::FIGURE,
    dose::FIGURE,
    spread::FIGURE,
    flow::FIGURE,
    losses::FIGURE,
    discriminator_scores::FIGURE,
    losses_so_far::FIGURE,
    watched::FID,
    watched::KID,
    watched::INCEPTION_SCORE,
    classifiers::TRAINING,
    classifiers::VALIDATION,
    class_bars::FIGURE,
    confusion::FIGURE,
    confidence::FIGURE,
    roc::FIGURE,
    precision_recall::FIGURE,
    reliability::FIGURE,
    decision::FIGURE,
    within_groups::FIGURE,
    probes::FIGURE,
    quality::FIGURE,
];

impl Figure {
    /// The file of results that it is drawn from, for people: its name and what makes it.
    pub fn reads(&self) -> &'static str {
        match self.draw {
            Draw::Embeddings(_) => "`embedding.csv` of `umap`",
            Draw::Comparison(_) => "`table.csv` of `compare`",
            Draw::Doses(_) => "`table.csv` and `arms.csv` of `compare`",
            Draw::Evaluations(_) => "`metrics.csv` of `evaluate` and `table.csv` of `compare`",
            Draw::Flow(_) => "`samples.csv` of the stages from import to parts",
            Draw::History(_) | Draw::Unfinished(_) | Draw::Histories(_) => "`history.csv` of a training",
            Draw::Watched(_) => "`watched.csv` of a training",
            Draw::TrainingSets(_) => "`samples.csv` of a training set",
            Draw::Predictions(_) => "`predictions.csv` of `evaluate`",
            Draw::Qualities(_) => "`figures.csv` of `generative-quality`",
            Draw::WithinGroups(_) => "`groups.csv` of `shortcuts`",
            Draw::Probes(_) => "`probes.csv` of `shortcuts`",
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

/// The files of figures: SVG, PNG, and CSV where no record has the numbers.
fn files(drawn: Vec<Drawn>) -> Result<FigureFiles> {
    let files = drawn.iter().map(|d| d.drawing.files(d.figure.name)).collect::<Result<Vec<_>>>()?;
    Ok(FigureFiles { files: files.into_iter().flatten().collect() })
}

/// The files of all figures of an embedding.
///
/// # Errors
/// Where one cannot be drawn as PNG.
pub fn of_embedding(embedding: Embedding, caption: &str) -> Result<FigureFiles> {
    files(of_embeddings(&[embedding], caption))
}

/// All figures of one embedding, or of several beside each other.
pub fn of_embeddings(embeddings: &[Embedding], caption: &str) -> Vec<Drawn> {
    drawn(FIGURES, |draw| if let Draw::Embeddings(f) = draw { f(embeddings, caption) } else { None })
}

/// The files of all figures of a comparison.
///
/// # Errors
/// As [`of_embedding`].
pub fn of_comparison(comparison: &Table<Compared>) -> Result<FigureFiles> {
    files(drawn(FIGURES, |draw| if let Draw::Comparison(f) = draw { f(comparison) } else { None }))
}

/// All figures of a comparison of arms and of what they were trained on.
pub fn of_doses(comparison: &Table<Compared>, arms: &Table<ArmRow>) -> Vec<Drawn> {
    drawn(FIGURES, |draw| if let Draw::Doses(f) = draw { f(comparison, arms) } else { None })
}

/// All figures of evaluations, each with the name of its arm as the comparison calls it; equal names are its repeats and folds.
pub fn of_evaluations(evaluations: &[(String, Table<MetricRow>)], comparison: &Table<Compared>) -> Vec<Drawn> {
    drawn(FIGURES, |draw| if let Draw::Evaluations(f) = draw { f(evaluations, comparison) } else { None })
}

/// All figures of the tables of real images between import and parts.
pub fn of_flow(steps: &[FlowStep]) -> Vec<Drawn> {
    drawn(FIGURES, |draw| if let Draw::Flow(f) = draw { f(steps) } else { None })
}

/// All figures of a training that is done.
pub fn of_history(history: &History, training: &str) -> Vec<Drawn> {
    drawn(FIGURES, |draw| if let Draw::History(f) = draw { f(history, training) } else { None })
}

/// All figures of a training that is not done.
pub fn of_unfinished(history: &History, training: &str) -> Vec<Drawn> {
    drawn(FIGURES, |draw| if let Draw::Unfinished(f) = draw { f(history, training) } else { None })
}

/// All figures of what was watched in a training, done or not.
pub fn of_watched(watched: &Table<WatchedRow>, training: &str) -> Vec<Drawn> {
    drawn(FIGURES, |draw| if let Draw::Watched(f) = draw { f(watched, training) } else { None })
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

/// All figures of sets of synthetic images, each with its name.
pub fn of_qualities(sets: &[(String, Table<QualityRow>)]) -> Vec<Drawn> {
    drawn(FIGURES, |draw| if let Draw::Qualities(f) = draw { f(sets) } else { None })
}

/// All figures of areas within and between groups of images, each with the name of its arm.
pub fn of_groups(arms: &[(String, Table<WithinGroupsRow>)]) -> Vec<Drawn> {
    drawn(FIGURES, |draw| if let Draw::WithinGroups(f) = draw { f(arms) } else { None })
}

/// All figures of areas of changed images, each with the name of its arm.
pub fn of_probes(arms: &[(String, Table<ProbeRow>)]) -> Vec<Drawn> {
    drawn(FIGURES, |draw| if let Draw::Probes(f) = draw { f(arms) } else { None })
}
