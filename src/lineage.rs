//! Lineage: which patients reached which artifact. Composed over the graph of a study from the flow that kinds declare
//! and the tables that are known; it belongs to (study, stage, port), never to a digest, so that equal bytes of
//! different origin can neither hide nor invent a leak.

mod checks;

pub use checks::{Finding, findings, report};

use crate::pipeline::Pipeline;
use crate::pipeline::model::{Stage, StageId};
use crate::plan::tables::Tables;
use hilum_cache::receipt::{Artifact, LocalFlow};
use hilum_cache::{Result, Store};
use hilum_stages::contract::port::Port;
use hilum_stages::data::sample::Origin;
use roaring::RoaringBitmap;
use std::collections::HashMap;

/// The checks that `checks.allow` can name.
pub const CHECKS: &[&str] = &["leakage.generator_trained_on_eval", "leakage.patient_overlap"];

/// The patients that reached an output.
#[derive(Debug, Clone, Default)]
pub struct Flow {
    /// Pixels or labels of these patients stand in it.
    pub contains: RoaringBitmap,
    /// It was trained, tuned, normalised or evaluated on these.
    pub influenced: RoaringBitmap,
    /// False where a table is not known yet and only an upper bound could be said.
    pub exact: bool,
}

/// Patients and films by number, and the flow of every output.
#[derive(Default)]
pub struct Lineage {
    patients: HashMap<String, u32>,
    flows: HashMap<(StageId, &'static str), Flow>,
}

/// What an output takes from which input with these parameters, for the receipt.
pub fn local_flow(stage: &Stage, port: &Port) -> LocalFlow {
    let read = |ports: &[&str]| ports.iter().filter(|p| stage.inputs.iter().any(|i| i.port.name == **p)).map(|p| (*p).to_owned()).collect();
    LocalFlow { contains: read(port.contains), influenced: read(port.influenced) }
}

impl Lineage {
    /// Composes the lineage of a study from the outputs that are known.
    pub fn of(p: &Pipeline, known: &dyn Fn(StageId, &str) -> Option<Artifact>, store: &Store, tables: &Tables) -> Result<Lineage> {
        let mut lineage = Lineage::default();
        for (id, stage) in p.stages.iter().enumerate() {
            for port in stage.kind.outputs.iter().filter(|o| stage.stage.fills(o.name)) {
                let flow = lineage.flow_of(stage, port, known(id, port.name).as_ref(), store, tables)?;
                lineage.flows.insert((id, port.name), flow);
            }
        }
        Ok(lineage)
    }

    fn flow_of(&mut self, stage: &Stage, port: &Port, artifact: Option<&Artifact>, store: &Store, tables: &Tables) -> Result<Flow> {
        let mut flow = Flow { exact: true, ..Flow::default() };
        // Looked-up images add nobody whom the table they are looked up by does not name.
        let inputs =
            |names: &'static [&'static str]| stage.inputs.iter().filter(move |i| names.contains(&i.port.name) && i.port.by.is_empty()).flat_map(|i| &i.from);
        for source in inputs(port.contains) {
            let from = self.flow(source.stage, source.port);
            flow.contains |= from.contains;
            flow.influenced |= from.influenced;
            flow.exact &= from.exact;
        }
        for source in inputs(port.influenced) {
            let from = self.flow(source.stage, source.port);
            flow.influenced |= from.contains | from.influenced;
            flow.exact &= from.exact;
        }
        if port.kind != "samples" {
            return Ok(flow);
        }
        let Some(artifact) = artifact else {
            // A table that is not made yet: a choice from one input is only bounded by it, a union of inputs is not.
            let drawn_from = stage.inputs.iter().filter(|i| port.contains.contains(&i.port.name)).count();
            flow.exact &= drawn_from != 1;
            return Ok(flow);
        };
        let rows = tables.samples(store, artifact)?;
        let mut contains = RoaringBitmap::new();
        let mut has_synthetic = false;
        for row in rows.iter() {
            has_synthetic |= row.origin == Origin::Synthetic;
            // A translation shows the patient of the film that it was made of; a sampled film has none.
            if !row.patient.is_empty() {
                let next = self.patients.len() as u32;
                contains.insert(*self.patients.entry(row.patient.clone()).or_insert(next));
            }
        }
        // Without a synthetic film in it, no generator's patients are behind it.
        let influenced = if has_synthetic { flow.influenced } else { RoaringBitmap::new() };
        Ok(Flow { contains, influenced, exact: !has_synthetic || flow.exact })
    }

    /// The flow of an output.
    pub fn flow(&self, stage: StageId, port: &'static str) -> Flow {
        self.flows.get(&(stage, port)).cloned().unwrap_or_default()
    }
}
