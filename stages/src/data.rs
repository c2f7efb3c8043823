//! Artifact types and their files: tables of samples, packed images, images, figures, weights, features.

pub mod ahead;
pub mod augment;
pub mod batch;
pub mod contents;
pub mod cues;
pub mod dicom;
pub mod embedding;
pub mod figure;
pub mod grey;
pub mod inspect;
pub mod limits;
pub mod marker;
pub mod masks;
pub(crate) mod names;
pub mod pack;
pub mod pairs;
pub mod patients;
pub mod png;
pub mod sample;
pub(crate) mod sets;
pub mod strict;
pub mod subgroup;
pub mod weights;
