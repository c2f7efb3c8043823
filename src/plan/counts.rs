//! Counts of every table of a study before anything has run: of what is known from the tables in the store, of what is not from
//! `expect` of its imports and the rules of its stages. No image is read.

use crate::checks::expected::{self, differs, possible_labels};
use crate::pipeline::model::{Input, Pipeline, Source, Stage, StageId};
use crate::tables::Summary;
use hilum_cache::{Digest, Result};
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::contract::context::Context;
use hilum_stages::counted::{Given, is_exact, is_true, roster, tables};
use hilum_stages::data::sample::{Origin, Sample, Samples};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Images and patients of a label.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Images.
    pub images: usize,
    /// Those of them that are synthetic.
    pub synthetic: usize,
    /// Patients with a real one.
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
    /// True where a run gives these counts, with these images or with others of the same numbers.
    pub is_exact: bool,
}

/// The tables of a study, and the stages whose tables cannot be counted, with the reason.
#[derive(Debug, Default)]
pub struct Counts {
    /// In the order of the study.
    pub tables: Vec<CountedTable>,
    /// Why a table is not among them.
    pub unknown: Vec<(StageId, String)>,
    /// What will fail: stages that ask for more than there is.
    pub faults: Vec<(StageId, String)>,
    /// Counts that are not as the study expects, and no reason why they need not be.
    pub unmet: Vec<(StageId, String)>,
    /// True where every stage that takes images in says of how many patients they are.
    pub has_patients: bool,
    /// The rows that were counted; made up where the table is not in the store.
    pub rows: HashMap<(StageId, &'static str), Samples>,
}

/// Counts all tables; `known` gives those that are in the store.
///
/// # Errors
/// If a table in the store is damaged or gone.
pub fn counts(p: &Pipeline, known: &dyn Fn(StageId, &str) -> Result<Option<Samples>>) -> Result<Counts> {
    let mut found: HashMap<(StageId, &'static str), Samples> = HashMap::new();
    let is_told = |s: &&Stage| !s.expect.is_empty() && s.inputs.is_empty() && s.expect.values().any(|e| e.patients.is_none());
    // Stages whose tables are, image by image, those of a run.
    let (mut approximate, mut certain) = (BTreeSet::new(), BTreeSet::new());
    let is_allowed = p.allow.iter().any(|a| a.id.text == expected::ID);
    let mut out = Counts { has_patients: !p.stages.iter().any(|s| is_told(&s)), ..Counts::default() };
    for (id, stage) in p.stages.pairs() {
        let ports: Vec<&'static str> = stage.kind.outputs.iter().filter(|port| port.artifact == ArtifactType::Samples).map(|port| port.name).collect();
        let mut is_known = false;
        for port in &ports {
            let Some(table) = known(id, port)? else { continue };
            is_known = true;
            out.tables.push(CountedTable { stage: id, port, labels: of(&table.rows), is_known, is_exact: true });
            found.insert((id, port), table);
        }
        if is_known {
            certain.insert(id);
        }
        if ports.is_empty() || is_known {
            continue;
        }
        match made(p, stage, &found, false) {
            Ok(Made { tables: made, is_exact, is_true }) => {
                let is_true = is_true && tables_of(p, stage).all(|s| certain.contains(&s));
                let is_exact = is_true || is_exact && !takes_from(stage, &approximate);
                if is_true {
                    certain.insert(id);
                }
                if !is_exact {
                    approximate.insert(id);
                }
                let first = made.first().filter(|(_, table)| !is_allowed && is_exact && (is_true || knows_patients(stage, table)));
                out.unmet.extend(first.and_then(|(_, table)| differs(stage, &Summary::of(&table.rows))).map(|why| (id, why)));
                for (port, table) in made {
                    out.tables.push(CountedTable { stage: id, port, labels: of(&table.rows), is_known: false, is_exact });
                    found.insert((id, port), table);
                }
            }
            Err(Unmade::Unknown(why)) => out.unknown.push((id, why)),
            Err(Unmade::Fails(why)) => out.faults.push((id, why)),
        }
    }
    out.rows = found;
    Ok(out)
}

/// Made-up tables of a study.
#[derive(Debug, Default)]
pub struct Rehearsed {
    /// Each that can be made.
    pub tables: Vec<(StageId, &'static str, Samples)>,
    /// Stages whose tables cannot, since they ask for more than the made-up images of their imports, with the reason.
    pub unmade: Vec<(StageId, String)>,
    /// Stages whose counts the study does not decide: imports that it does not count, splits of patients with several images, and all
    /// that is made of them.
    pub approximate: BTreeSet<StageId>,
}

/// Every table that can be counted, with made-up rows, where `read` does not have it; of imports that do not say what to `expect`, too. What is generated is what is
/// rare: where images of several labels are, of which nothing is known, tables are made up once more for each of them as the only rare
/// one, since to as many images as all others have none are added.
pub fn rehearsed(p: &Pipeline, read: &HashMap<StageId, Samples>) -> Vec<Rehearsed> {
    let generated: BTreeSet<&str> = p.stages.iter().flat_map(|s| generated(&s.parameters)).collect();
    let (first, is_invented) = rehearsed_with(p, read, &generated);
    let others = generated.iter().filter(|_| is_invented && generated.len() > 1);
    std::iter::once(first).chain(others.map(|label| rehearsed_with(p, read, &BTreeSet::from([*label])).0)).collect()
}

/// The same with these labels as the rare ones, and whether there are labels of which nothing is known.
fn rehearsed_with(p: &Pipeline, read: &HashMap<StageId, Samples>, rare: &BTreeSet<&str>) -> (Rehearsed, bool) {
    // A stage that draws more than was made up tells nothing; with more images, it does.
    let mut first = None;
    for images in INVENTED_IMAGES {
        let (rehearsed, is_invented) = rehearsed_on(p, read, images, rare);
        if !is_invented || rehearsed.unmade.is_empty() {
            return (rehearsed, is_invented);
        }
        first.get_or_insert((rehearsed, is_invented));
    }
    first.unwrap_or_default()
}

/// The same, with so many images of each label of which nothing is known, half of them where it is rare.
fn rehearsed_on(p: &Pipeline, read: &HashMap<StageId, Samples>, invented_images: u64, rare: &BTreeSet<&str>) -> (Rehearsed, bool) {
    let mut found: HashMap<(StageId, &'static str), Samples> = HashMap::new();
    let (mut order, mut unmade, mut approximate, mut is_invented) = (vec![], vec![], BTreeSet::new(), false);
    let named: BTreeSet<String> = p.stages.iter().flat_map(named).collect();
    for (id, stage) in p.stages.pairs() {
        let invented = || {
            let port = stage.kind.outputs.iter().find(|port| port.artifact == ArtifactType::Samples).filter(|_| stage.inputs.is_empty())?;
            let images = |label: &str| if rare.contains(label) { invented_images / 2 } else { invented_images };
            let rows = labels(stage, &named).into_iter().flat_map(|label| roster(&data_of(stage), &label, images(&label), images(&label))).collect();
            Some(vec![(port.name, Samples::of(rows))])
        };
        let from_files = || Some(vec![(stage.kind.outputs.first()?.name, read.get(&id)?.clone())]);
        let of_files = from_files();
        if of_files.is_some() {
            // Images that turn out damaged are left out.
            approximate.insert(id);
        }
        let tables = match of_files.map_or_else(|| made(p, stage, &found, true), |tables| Ok(Made { tables, is_exact: false, is_true: false })) {
            Ok(Made { tables, is_exact, .. }) => {
                let knows = tables.first().is_none_or(|(_, table)| knows_patients(stage, table));
                if !is_exact || !knows || takes_from(stage, &approximate) {
                    approximate.insert(id);
                }
                if !stage.parameters["keep"].is_null() {
                    unmade.push((id, "patients of an earlier split stay in its parts, which a run reads".into()));
                }
                tables
            }
            Err(why) => match (invented(), why) {
                (Some(tables), _) => {
                    is_invented = true;
                    approximate.insert(id);
                    tables
                }
                (None, Unmade::Fails(why)) => {
                    unmade.push((id, why));
                    vec![]
                }
                (None, Unmade::Unknown(_)) => vec![],
            },
        };
        order.extend(tables.iter().map(|(port, _)| (id, *port)));
        found.extend(tables.into_iter().map(|(port, table)| ((id, port), table)));
    }
    let taken = |(id, port)| (id, port, found.remove(&(id, port)).expect("BUG: each table is in the order once"));
    (Rehearsed { tables: order.into_iter().map(taken).collect(), unmade, approximate }, is_invented)
}

/// True if a stage is given a table of one of these.
fn takes_from(stage: &Stage, of: &BTreeSet<StageId>) -> bool {
    stage.inputs.iter().flat_map(|i| &i.from).any(|s| of.contains(&s.stage))
}

/// The stages whose tables a stage is given.
fn tables_of(p: &Pipeline, stage: &Stage) -> impl Iterator<Item = StageId> {
    let is_table = |s: &&Source| p.stages[s.stage].kind.output(s.port).is_some_and(|port| port.artifact == ArtifactType::Samples);
    stage.inputs.iter().flat_map(|i| &i.from).filter(is_table).map(|s| s.stage)
}

/// True if the number of patients in a table is as certain as that of its images, or nobody asks.
fn knows_patients(stage: &Stage, table: &Samples) -> bool {
    stage.inputs.is_empty() || stage.expect.values().all(|e| e.patients.is_none()) || table.has_one_image_a_patient()
}

/// A name for what an import reads: two imports of the same are of the same images.
fn data_of(stage: &Stage) -> String {
    Digest::of(format!("{} {}", stage.kind.name, stage.parameters).as_bytes()).short()
}

/// The labels that a stage's parameters name.
fn named(stage: &Stage) -> Vec<String> {
    let parameters = &stage.parameters;
    let list = parameters["labels"].as_array().into_iter().flatten().filter_map(|v| v.as_str());
    let keys = ["take", "times", "given"].into_iter().filter_map(|key| parameters[key].as_object()).flat_map(|m| m.keys().map(String::as_str));
    let one = ["label", "positive"].into_iter().filter_map(|key| parameters[key].as_str());
    list.chain(keys).chain(one).chain(generated(parameters)).map(str::to_owned).collect()
}

/// Images of a class of which nothing is known, each of another patient: as many as splits and folds need, or more where stages draw more.
const INVENTED_IMAGES: [u64; 3] = [120, 2000, 20_000];

/// The labels that a stage generates images of, by its parameters.
fn generated(parameters: &serde_json::Value) -> Vec<&str> {
    let networks = parameters["network"].as_object().into_iter().flatten();
    networks.map(|(_, network)| &network["to"]).chain([&parameters["label"]]).filter_map(|v| v.as_str()).collect()
}

/// The labels of an import as its parameters give them, or else those that the study names.
fn labels(stage: &Stage, named: &BTreeSet<String>) -> Vec<String> {
    let usual = || if named.len() > 1 { named.iter().cloned().collect() } else { vec!["covid".into(), "normal".into()] };
    possible_labels(stage).map_or_else(usual, |set| set.into_iter().collect())
}

/// Images and patients by label.
fn of(rows: &[Sample]) -> BTreeMap<String, Count> {
    let mut patients: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut out: BTreeMap<String, Count> = BTreeMap::new();
    for row in rows {
        let count = out.entry(row.label.clone()).or_default();
        count.images += 1;
        count.synthetic += usize::from(row.origin == Origin::Synthetic);
        if row.origin == Origin::Real && !row.patient.is_empty() {
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

/// Why a table is not made.
enum Unmade {
    /// It cannot be known yet.
    Unknown(String),
    /// The stage would fail.
    Fails(String),
}

/// The tables of a stage.
struct Made {
    tables: Vec<(&'static str, Samples)>,
    /// True if other images of the same numbers would give the same counts.
    is_exact: bool,
    /// True if they are those of a run, image by image, where its inputs are.
    is_true: bool,
}

/// The tables of a stage by its rules, or why there are none.
fn made(p: &Pipeline, stage: &Stage, found: &HashMap<(StageId, &'static str), Samples>, is_rehearsal: bool) -> std::result::Result<Made, Unmade> {
    // What draws its own images knows them better than `expect`, which need not name all labels.
    let draws = stage.stage.images(&|_| None).is_some();
    if stage.inputs.is_empty() && !stage.expect.is_empty() && !draws {
        let rows = stage.expect.iter().flat_map(|(label, e)| roster(&data_of(stage), label, e.images, e.patients.unwrap_or(e.images)));
        let port = stage.kind.outputs.first().map(|p| p.name).ok_or(Unmade::Unknown("it makes no table".into()))?;
        // What it says of some labels only, or of images without their patients, is not all that there will be.
        let is_exact =
            stage.expect.values().all(|e| e.patients.is_some()) && possible_labels(stage).is_some_and(|all| all.iter().all(|l| stage.expect.contains_key(l)));
        return Ok(Made { tables: vec![(port, Samples::of(rows.collect()))], is_exact, is_true: false });
    }
    let all = |i: &Input| i.from.iter().filter_map(|s| found.get(&(s.stage, s.port)).cloned()).collect::<Vec<_>>();
    let samples = |port: &str| stage.input(port).map(all).unwrap_or_default();
    let makers = |port: &str| stage.input(port).map(|i| i.from.iter().map(|s| s.stage.number()).collect()).unwrap_or_default();
    let cx = Context::bare(stage.kind.name, stage.seed);
    let given = Given { samples: &samples, makers: &makers, upstream: p, is_rehearsal };
    match tables(stage.kind.name, stage.stage.parameters(), &given, &cx) {
        Some(Ok(tables)) => {
            let (kind, parameters) = (stage.kind.name, &stage.parameters);
            Ok(Made { tables, is_exact: is_exact(kind, parameters, &given), is_true: is_true(kind, parameters, &given) })
        }
        Some(Err(why)) => Err(Unmade::Fails(why.to_string())),
        None if stage.inputs.is_empty() => {
            Err(Unmade::Unknown("it has not run; `expect: { LABEL: { images: N, patients: N } }` says how many there will be".into()))
        }
        None => {
            let missing = stage.inputs.iter().flat_map(|i| &i.from).find(|s| {
                let port = p.stages[s.stage].kind.output(s.port);
                port.is_some_and(|o| o.artifact == ArtifactType::Samples) && !found.contains_key(&(s.stage, s.port))
            });
            Err(Unmade::Unknown(missing.map_or("its table follows from more than tables".into(), |s| format!("`{}` is not known", p.stages[s.stage].name))))
        }
    }
}
