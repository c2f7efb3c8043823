//! `expect`: counts of labels that a study expects. They are not part of a recipe, so they are checked
//! whether a stage ran or was cached.

use super::current::Fault;
use crate::pipeline::Stage;
use crate::tables::Tables;
use hilum_cache::receipt::Outputs;
use hilum_cache::{Result, Store};
use hilum_stages::data::sample;

/// The first count that differs from what the study expects.
pub fn unmet(stage: &Stage, outputs: &Outputs, store: &Store, tables: &Tables) -> Result<Option<Fault>> {
    let first = stage.kind.outputs.first().and_then(|port| outputs.get(port.name));
    let Some(artifact) = first.filter(|_| !stage.expect.is_empty()) else { return Ok(None) };
    let counts = sample::counts(&tables.samples(store, artifact)?);
    let found = |label: &str| counts.get(label).copied().unwrap_or(0) as u64;
    Ok(stage.expect.iter().find(|(label, wanted)| found(label) != **wanted).map(|(label, wanted)| Fault {
        message: format!("{} images of `{label}`, but the study expects {wanted}", found(label)),
        help: Some("see `hilum explain E0501`".into()),
    }))
}
