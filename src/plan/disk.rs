//! How many bytes a plan adds to the store, from what can be known: what a stage says that it will write, and everything else
//! by the size that the stage, or other cells of it, had before. What cannot be known is counted, and not guessed.
//! Independent of how much is free.

use super::Plan;
use super::groups::{Group, Status};
use crate::pipeline::model::{PerStage, Source, StageId};
use crate::pipeline::{Pipeline, Stage};
use crate::session::Session;
use hilum_cache::receipt::Outputs;
use hilum_stages::contract::artifact::ArtifactType;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// A training keeps two checkpoints, each at least as large as the network.
const CHECKPOINTS: u64 = 2;

/// The disk space that a plan needs.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Need {
    /// Bytes that stay, and those of the checkpoints of one training beside them.
    pub bytes: u64,
    /// Stages whose size is unknown.
    pub unknown: Vec<StageId>,
}

/// Sums of bytes.
#[derive(Default)]
struct Sum {
    stays: u64,
    /// The largest network: trainings give their checkpoints back when they are done.
    network: u64,
    unknown: Vec<StageId>,
}

impl Sum {
    fn add(&mut self, id: StageId, is_network: bool, bytes: Option<u64>) {
        let Some(bytes) = bytes else { return self.unknown.push(id) };
        self.stays = self.stays.saturating_add(bytes);
        if is_network {
            self.network = self.network.max(bytes);
        }
    }
    fn need(self) -> Need {
        Need { bytes: self.stays.saturating_add(self.network.saturating_mul(CHECKPOINTS)), unknown: self.unknown }
    }
}

/// What a plan in groups needs.
pub fn need(p: &Pipeline, plan: &Plan, groups: &[Group], session: &Session) -> Need {
    let known = plan.known();
    let mut sum = Sum::default();
    for group in groups.iter().filter(|g| matches!(g.status, Status::WillRun | Status::Pending)) {
        let first = &p.stages[group.stages[0]];
        if !is_large(first) {
            continue;
        }
        let is_network = first.kind.outputs.iter().any(|o| o.artifact.is_network());
        // Read where a stage does not foresee what it will write.
        let mut before: Option<HashMap<String, u64>> = None;
        for id in &group.stages {
            let stage = &p.stages[*id];
            let bytes = foreseen(p, stage, &known, session).or_else(|| {
                let before = before.get_or_insert_with(|| {
                    let receipts = plan.past.receipts_of_cells(&session.ledger, &p.study, &group.base);
                    receipts.into_iter().map(|r| (r.stage.clone(), r.outputs.values().map(|a| a.bytes).sum())).collect()
                });
                before.get(&stage.name).or(before.values().max()).copied()
            });
            sum.add(*id, is_network, bytes);
        }
    }
    sum.need()
}

/// True for a stage that writes images, features or networks. Imports leave images where they are; tables, scores and figures are not worth
/// counting.
fn is_large(stage: &Stage) -> bool {
    stage.stage.disk(&|_| None).is_some()
        || stage.kind.outputs.iter().any(|o| matches!(o.artifact, ArtifactType::Images | ArtifactType::Embedding) || o.artifact.is_network())
}

/// The bytes that a stage says it will write.
fn foreseen(p: &Pipeline, stage: &Stage, known: &PerStage<Option<Arc<Outputs>>>, session: &Session) -> Option<u64> {
    stage.stage.disk(&|port| images(p, &stage.input(port)?.from, known, session))
}

/// How many images tables name: those that are there are counted, and of others their own stages say it.
fn images(p: &Pipeline, tables: &[Source], known: &PerStage<Option<Arc<Outputs>>>, session: &Session) -> Option<u64> {
    let (mut named, mut others) = (HashSet::new(), 0);
    for table in tables {
        match known[table.stage].as_ref().and_then(|o| o.get(table.port)) {
            Some(artifact) => named.extend(session.tables.samples(&session.store, artifact).ok()?.iter().map(|row| row.image)),
            None => others += will_name(&p.stages[table.stage], table.stage, session)?,
        }
    }
    Some(named.len() as u64 + others)
}

/// How many images a table that is not there yet will name.
fn will_name(stage: &Stage, id: StageId, session: &Session) -> Option<u64> {
    stage.stage.images(&|parameter| Some(session.listings.get(&id)?.get(parameter)?.files.len() as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_and_the_checkpoints_of_the_largest_training_are_added_up() {
        let mut sum = Sum::default();
        sum.add(StageId::test(0), false, Some(65_536_000));
        sum.add(StageId::test(1), true, Some(100));
        sum.add(StageId::test(2), true, Some(300));
        sum.add(StageId::test(3), false, None);
        sum.add(StageId::test(4), true, None);
        assert_eq!(sum.need(), Need { bytes: 65_536_000 + 100 + 300 + 2 * 300, unknown: [3, 4].map(StageId::test).to_vec() });
    }

    #[test]
    fn sizes_beyond_all_disks_do_not_wrap() {
        let mut sum = Sum::default();
        sum.add(StageId::test(0), true, Some(u64::MAX));
        sum.add(StageId::test(1), true, Some(1));
        assert_eq!(sum.need().bytes, u64::MAX);
    }

    #[test]
    fn images_and_networks_are_large_and_imports_and_tables_are_not() {
        let p = crate::language::study(
            r#"
study: s
seed: 1
stages:
  drawn: { stage: phantoms, with: { size: 32, classes: { normal: { images: 9 }, covid: { images: 9 } } } }
  listed: { stage: import, with: { images: images, patients: one-per-image } }
  parts: { stage: split, in: { samples: drawn }, with: { train: 0.5, test: 0.5 } }
  pixels: { stage: prepare, in: { samples: drawn }, with: { size: 64 } }
  gan: { stage: train-gan, in: { samples: parts.train, images: pixels }, with: { network: dcgan, label: covid, steps: 1 } }
  made: { stage: synthesize, in: { generator: gan }, with: { count: 3 } }
  classifier: { stage: train-classifier, in: { samples: parts.train, images: pixels }, with: { network: resnet18, steps: 1 } }
  scores: { stage: evaluate, in: { weights: classifier, samples: parts.test, images: pixels } }
"#,
        );
        let large: Vec<&str> = p.stages.iter().filter(|s| is_large(s)).map(|s| s.name.as_str()).collect();
        // `synthesize` writes its images beside its table.
        assert_eq!(large.into_iter().collect::<std::collections::BTreeSet<_>>(), ["classifier", "drawn", "gan", "made", "pixels"].into());
    }
}
