//! Counts of every table of a study before anything has run: of what is known from the tables in the store, of what is not from
//! `expect` of its imports and the rules of its stages. No image is read.

use crate::pipeline::model::{Input, Pipeline, Stage, StageId};
use hilum_cache::Result;
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::contract::context::Context;
use hilum_stages::counted::{Given, roster, tables};
use hilum_stages::data::sample::{Sample, Samples};
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

/// Counts all tables; `known` gives those that are in the store.
///
/// # Errors
/// If a table in the store is damaged or gone.
pub fn counts(p: &Pipeline, known: &dyn Fn(StageId, &str) -> Result<Option<Samples>>) -> Result<Counts> {
    let mut found: HashMap<(StageId, &'static str), Samples> = HashMap::new();
    let mut out = Counts::default();
    for (id, stage) in p.stages.pairs() {
        let ports: Vec<&'static str> = stage.kind.outputs.iter().filter(|port| port.artifact == ArtifactType::Samples).map(|port| port.name).collect();
        let mut is_known = false;
        for port in &ports {
            let Some(table) = known(id, port)? else { continue };
            is_known = true;
            out.tables.push(CountedTable { stage: id, port, labels: of(&table.rows), is_known });
            found.insert((id, port), table);
        }
        if ports.is_empty() || is_known {
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

/// Every table that can be counted, with made-up rows; of imports that do not say what to `expect`, too.
pub fn rehearsed(p: &Pipeline) -> Vec<(StageId, &'static str, Samples)> {
    let mut found: HashMap<(StageId, &'static str), Samples> = HashMap::new();
    let mut out = vec![];
    let generated: BTreeSet<&str> = p.stages.iter().flat_map(|s| generated(&s.parameters)).collect();
    for (id, stage) in p.stages.pairs() {
        let invented = || {
            let port = stage.kind.outputs.iter().find(|port| port.artifact == ArtifactType::Samples).filter(|_| stage.inputs.is_empty())?;
            // What is generated is what is rare.
            let images = |label: &str| if generated.contains(label) { INVENTED_IMAGES / 2 } else { INVENTED_IMAGES };
            let rows = labels(stage).into_iter().flat_map(|label| roster(&stage.name, &label, images(&label), images(&label))).collect();
            Some(vec![(port.name, Samples::of(rows))])
        };
        for (port, table) in made(p, stage, &found).ok().or_else(invented).unwrap_or_default() {
            found.insert((id, port), table.clone());
            out.push((id, port, table));
        }
    }
    out
}

/// Images of a class of which nothing is known, each of another patient: as many as splits and folds need.
const INVENTED_IMAGES: u64 = 120;

/// The labels that a stage generates images of, by its parameters.
fn generated(parameters: &serde_json::Value) -> Vec<&str> {
    let networks = parameters["network"].as_object().into_iter().flatten();
    networks.map(|(_, network)| &network["to"]).chain([&parameters["label"]]).filter_map(|v| v.as_str()).collect()
}

/// The labels of an import as its parameters give them.
fn labels(stage: &Stage) -> Vec<String> {
    let mapped = stage.parameters["labels"].as_object().map(|m| m.values().filter_map(|v| v.as_str().map(str::to_owned)).collect::<BTreeSet<_>>());
    let one = stage.parameters["label"].as_str().map(|label| vec![label.to_owned()]);
    mapped.map(|set| set.into_iter().collect()).or(one).unwrap_or_else(|| vec!["covid".into(), "normal".into()])
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
