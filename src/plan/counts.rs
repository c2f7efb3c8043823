//! Counts of every table of a study before anything has run: of what is known from the tables in the store, of what is not from
//! `expect` of its imports and the rules of its stages. No image is read.

use crate::pipeline::model::{Input, Pipeline, Stage, StageId};
use crate::tables::Tables;
use hilum_cache::receipt::Outputs;
use hilum_cache::{Result, Store};
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::contract::context::Context;
use hilum_stages::data::sample::{Sample, Samples};
use hilum_stages::kinds::counted::{Given, roster, tables};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Images and patients of a label.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Images.
    pub images: usize,
    /// Patients with one of them; synthetic images from noise are of none.
    pub patients: usize,
}

/// A table of samples, counted.
#[derive(Debug)]
pub struct CountedTable {
    /// The stage that makes it.
    pub stage: StageId,
    /// Its output.
    pub port: &'static str,
    /// By label.
    pub labels: BTreeMap<String, Count>,
    /// True where it is from a table in the store, and not from the rules.
    pub is_known: bool,
}

/// The tables of a study, and the stages whose tables cannot be counted, with the reason.
#[derive(Debug, Default)]
pub struct Counts {
    /// In the order of the study.
    pub tables: Vec<CountedTable>,
    /// Why a table is not among them.
    pub unknown: Vec<(StageId, String)>,
}

/// Counts all tables; `known` are the outputs that need not be made again.
///
/// # Errors
/// If a table in the store is damaged or gone.
pub fn counts(p: &Pipeline, known: &dyn Fn(StageId) -> Option<Outputs>, store: &Store, read: &Tables) -> Result<Counts> {
    let mut found: HashMap<(StageId, &'static str), Samples> = HashMap::new();
    let mut out = Counts::default();
    for (id, stage) in p.stages.pairs() {
        let ports: Vec<&'static str> = stage.kind.outputs.iter().filter(|port| port.artifact == ArtifactType::Samples).map(|port| port.name).collect();
        if ports.is_empty() {
            continue;
        }
        if let Some(outputs) = known(id) {
            for port in ports {
                let Some(artifact) = outputs.get(port).filter(|a| ArtifactType::Samples.is(a)) else { continue };
                let table = Samples::of(read.samples(store, artifact)?.to_vec());
                out.tables.push(CountedTable { stage: id, port, labels: of(&table.rows), is_known: true });
                found.insert((id, port), table);
            }
            continue;
        }
        match made(p, stage, &found) {
            Ok(made) => {
                for (port, table) in made {
                    out.tables.push(CountedTable { stage: id, port, labels: of(&table.rows), is_known: false });
                    found.insert((id, port), table);
                }
            }
            Err(why) => out.unknown.push((id, why)),
        }
    }
    Ok(out)
}

/// Images and patients by label.
fn of(rows: &[Sample]) -> BTreeMap<String, Count> {
    let mut patients: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut out: BTreeMap<String, Count> = BTreeMap::new();
    for row in rows {
        out.entry(row.label.clone()).or_default().images += 1;
        if !row.patient.is_empty() {
            patients.entry(&row.label).or_default().insert(&row.patient);
        }
    }
    patients.into_iter().for_each(|(label, tokens)| {
        if let Some(count) = out.get_mut(label) {
            count.patients = tokens.len()
        }
    });
    out
}

/// The tables of a stage by its rules, or why there are none.
fn made(p: &Pipeline, stage: &Stage, found: &HashMap<(StageId, &'static str), Samples>) -> std::result::Result<Vec<(&'static str, Samples)>, String> {
    let input = |port: &str| stage.inputs.iter().find(|i| i.port.name == port);
    if stage.inputs.is_empty() && !stage.expect.is_empty() {
        let rows = stage.expect.iter().flat_map(|(label, e)| roster(&stage.name, label, e.images, e.patients.unwrap_or(e.images)));
        let port = stage.kind.outputs.first().map(|p| p.name).ok_or("it makes no table")?;
        return Ok(vec![(port, Samples::of(rows.collect()))]);
    }
    let all = |i: &Input| i.from.iter().filter_map(|s| found.get(&(s.stage, s.port)).cloned()).collect::<Vec<_>>();
    let samples = |port: &str| input(port).map(all).unwrap_or_default();
    let makers = |port: &str| input(port).map(|i| i.from.iter().map(|s| s.stage.number()).collect()).unwrap_or_default();
    let cx = Context::bare(stage.kind.name, stage.seed);
    match tables(stage.kind.name, stage.stage.parameters(), &Given { samples: &samples, makers: &makers, upstream: p }, &cx) {
        Some(Ok(made)) => Ok(made),
        Some(Err(why)) => Err(why.to_string()),
        None if stage.inputs.is_empty() => Err("it has not run; `expect: { LABEL: { images: N, patients: N } }` says how many there will be".into()),
        None => {
            let missing = stage.inputs.iter().flat_map(|i| &i.from).find(|s| {
                let port = p.stages[s.stage].kind.output(s.port);
                port.is_some_and(|o| o.artifact == ArtifactType::Samples) && !found.contains_key(&(s.stage, s.port))
            });
            Err(missing.map_or("its table follows from more than tables".into(), |s| format!("`{}` is not known", p.stages[s.stage].name)))
        }
    }
}
