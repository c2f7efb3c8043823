//! The networks that a study may name: one file and one row of a table each, with parameters, architecture and, for
//! generators, training. `train-classifier`, `train-gan`, `synthesize`, `features` and the manual read the tables. Networks
//! access no files, and draw only from streams.

pub mod classifiers;
pub mod extractors;
pub mod generators;

pub use classifiers::ClassifierNetwork;
pub use extractors::Extractor;
pub use generators::GanNetwork;
