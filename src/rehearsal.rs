//! A study as it would be if it had run, from made-up tables with the right counts: so checks can speak before anything has, and without
//! the data. Independent of which check says what.

use crate::checks::{self, DecidedBy, Finding, expected};
use crate::lineage::Evidence;
use crate::pipeline::Pipeline;
use crate::pipeline::model::StageId;
use crate::plan::counts;
use crate::tables::Tables;
use hilum_cache::receipt::Artifact;
use hilum_cache::{Digest, Ledger, Result, Sha256, Store};
use hilum_stages::contract::artifact::ArtifactType;
use std::collections::{BTreeSet, HashMap};
use std::path::Path;

/// Made-up outputs of a study.
pub struct Rehearsal {
    tables: Tables,
    artifacts: HashMap<(StageId, &'static str), Artifact>,
    /// Stages whose tables are not known, so that nothing is said of what they lead to, with the reason.
    pub unmade: Vec<(StageId, String)>,
    /// Stages whose counts the study does not decide.
    approximate: BTreeSet<StageId>,
}

impl Rehearsal {
    /// The outputs that a study would have. Imports that do not say what to `expect` get made-up images, too.
    pub fn of(p: &Pipeline) -> Rehearsal {
        let tables = Tables::default();
        let mut artifacts = HashMap::new();
        let counts::Rehearsed { tables: made, unmade, approximate } = counts::rehearsed(p);
        for (id, port, samples) in made {
            // Equal tables are one artifact, whoever made them.
            let mut content = vec![];
            samples.rows.iter().for_each(|r| {
                content.extend_from_slice(r.image.bytes());
                content.extend_from_slice(r.label.as_bytes());
            });
            let artifact = artifact(ArtifactType::Samples, &content);
            tables.put(artifact.digest, samples.rows);
            artifacts.insert((id, port), artifact);
        }
        for (id, stage) in p.stages.pairs() {
            for port in stage.kind.outputs.iter().filter(|port| port.artifact == ArtifactType::Generator) {
                // Rows of synthetic images name their generator by its stage.
                artifacts.insert((id, port.name), artifact(ArtifactType::Generator, stage.name.as_bytes()));
            }
        }
        Rehearsal { tables, artifacts, unmade, approximate }
    }

    /// What the checks find in it that is true whatever the data are.
    ///
    /// # Errors
    /// If a table cannot be read.
    pub fn findings(&self, p: &Pipeline) -> Result<Vec<Finding>> {
        // A directory that does not exist is an empty store.
        let store = Store::open(Path::new("/nonexistent"))?;
        let ledger = Ledger::load(&store)?;
        let evidence = Evidence { store: &store, tables: &self.tables, ledger: &ledger, made: &[], listings: &HashMap::new(), pseudonyms: "" };
        let known = |id: StageId, port: &str| {
            let artifacts: &HashMap<(StageId, &str), Artifact> = &self.artifacts;
            artifacts.get(&(id, port)).cloned()
        };
        let is_certain = |finding: &Finding| match finding.check.decided_by {
            DecidedBy::Design => true,
            DecidedBy::Counts => !self.approximate.contains(&finding.stage) || expected::impossible(&p.stages[finding.stage]).is_some(),
            DecidedBy::Tables | DecidedBy::Results => false,
        };
        Ok(checks::findings(p, &known, &evidence)?.into_iter().filter(is_certain).collect())
    }
}

fn artifact(of: ArtifactType, content: &[u8]) -> Artifact {
    let digest = Digest::of(content);
    Artifact { kind: of.name().to_owned(), digest, sha256: Sha256::of(content), bytes: 1, file: Some("made-up".into()) }
}
