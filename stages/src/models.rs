//! The networks that a study may name: one file and one row of a table each, with parameters, architecture and, for
//! generators, training. `train-classifier`, `train-gan`, `synthesize` and the manual read the tables. Networks access
//! no files, and draw only from streams.

pub mod classifiers;
pub mod generators;

pub use classifiers::ClassifierNetwork;
pub use generators::GanNetwork;
