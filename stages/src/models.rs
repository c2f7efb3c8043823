//! The networks that a study may name: one file and one row of a table each, with parameters, architecture and, for generators,
//! training. `train-classifier`, `train-gan`, `synthesize` and the manual read the tables. They touch no file and draw from streams
//! only.

pub mod classifiers;
pub mod generators;

pub use classifiers::ClassifierNetwork;
pub use generators::GanNetwork;
