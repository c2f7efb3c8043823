//! The registry: every stage kind that a study may name. One kind per file.

pub mod audit_table;
pub mod augment;
pub mod classifier;
pub mod combine;
pub mod compare;
pub mod deduplicate;
pub mod evaluate;
pub mod extraction;
pub mod features;
pub mod generative_quality;
pub mod generator;
pub mod grad_cam;
pub mod import;
pub mod masks;
pub mod memorisation;
pub mod oversample;
pub mod phantoms;
pub mod prepare;
pub mod shortcuts;
pub mod spaces;
pub mod split;
pub mod synthesize;
pub mod train_classifier;
pub mod train_gan;
pub mod umap;
pub mod undersample;

use crate::contract::kind::StageKind;

/// Every stage kind, in alphabetical order.
pub static KINDS: &[StageKind] = &[
    StageKind::of::<audit_table::AuditTable>(),
    StageKind::of::<augment::AugmentStage>(),
    StageKind::of::<combine::Combine>(),
    StageKind::of::<compare::Compare>(),
    StageKind::of::<deduplicate::Deduplicate>(),
    StageKind::of::<evaluate::Evaluate>(),
    StageKind::of::<features::Features>(),
    StageKind::of::<generative_quality::GenerativeQuality>(),
    StageKind::of::<grad_cam::GradCam>(),
    StageKind::of::<import::Import>(),
    StageKind::of::<masks::FindMasks>(),
    StageKind::of::<memorisation::Memorisation>(),
    StageKind::of::<oversample::Oversample>(),
    StageKind::of::<phantoms::Phantoms>(),
    StageKind::of::<prepare::Prepare>(),
    StageKind::of::<shortcuts::Shortcuts>(),
    StageKind::of::<split::Split>(),
    StageKind::of::<synthesize::Synthesize>(),
    StageKind::of::<train_classifier::TrainClassifier>(),
    StageKind::of::<train_gan::TrainGan>(),
    StageKind::of::<umap::Umap>(),
    StageKind::of::<undersample::Undersample>(),
];
