//! Checks of a study: for each, one row here and one function in a file below. They read lineage and known tables; independent of
//! how anything is computed. `plan`, `run` and the report show their findings; `checks.allow` lists their ids.

mod arms;
mod budget;
mod confounding;
mod content;
mod copies;
mod parents;
mod patients;
mod pixels;
mod precision;
mod published;
mod reached;
mod selection;
mod test_sets;

use crate::diagnostic::{Diagnostic, Span, Texts};
use crate::lineage::{Evidence, Flow, KnownOutput, Lineage, PatientsAndImages, TableContents};
use crate::pipeline::Pipeline;
use crate::pipeline::model::{Input, StageId};
pub use hilum_cache::journal::Severity;
use hilum_cache::{Result, journal};
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::data::sample::Sample;
use roaring::RoaringBitmap;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Kinds of the artifacts that checks look at. If files come from outside, finished networks matter as well: they may have made them.
pub const LOOKED_AT: &[ArtifactType] = &[ArtifactType::Samples, ArtifactType::Images, ArtifactType::Patients];

/// One check.
pub struct Check {
    /// What `checks.allow` calls it.
    pub id: &'static str,
    /// Its code for `hilum explain`.
    pub code: &'static str,
    /// The severity of its findings.
    pub severity: Severity,
    find: fn(&CheckInput) -> Vec<CheckResult>,
}

const fn error(id: &'static str, code: &'static str, find: fn(&CheckInput) -> Vec<CheckResult>) -> Check {
    Check { id, code, severity: Severity::Error, find }
}

const fn info(id: &'static str, code: &'static str, find: fn(&CheckInput) -> Vec<CheckResult>) -> Check {
    Check { id, code, severity: Severity::Info, find }
}

const fn warning(id: &'static str, code: &'static str, find: fn(&CheckInput) -> Vec<CheckResult>) -> Check {
    Check { id, code, severity: Severity::Warning, find }
}

/// All checks, in the order in which findings are shown.
pub static CHECKS: &[Check] = &[
    error("leakage.generator_trained_on_eval", "L0001", reached::through_others),
    error("leakage.patient_overlap", "L0002", reached::directly),
    error("leakage.synthetic_in_eval", "L0003", reached::into_the_test),
    error("leakage.duplicate", "L0004", content::equal),
    error("images.ambiguous", "L0005", pixels::ambiguous),
    error("selection.on_test", "L0006", selection::on_test),
    error("leakage.augmented_before_split", "L0007", copies::split_by_image),
    error("leakage.parent_in_eval", "L0008", parents::tested),
    error("eval.unequal_test_sets", "L0009", test_sets::unequal),
    warning("leakage.near_duplicate", "W0002", content::near),
    warning("patients.unknown", "W0003", patients::unknown),
    warning("patients.namespace", "W0004", patients::namespace),
    warning("generator.unknown", "W0005", patients::unknown_generator),
    warning("weights.unknown", "W0006", patients::unknown_weights),
    warning("arms.equal", "W0007", arms::equal),
    warning("selection.on_training", "W0009", selection::on_training),
    warning("selection.no_validation", "W0010", selection::no_validation),
    warning("eval.small_n", "W0011", precision::few),
    warning("eval.one_sided_metric", "W0012", test_sets::one_sided),
    warning("eval.single_seed", "W0013", test_sets::single_seed),
    warning("confound.source_label", "W0014", confounding::by_source),
    warning("synthetic.label_confounded", "W0015", confounding::by_origin),
    warning("compute.unequal_budget", "W0016", budget::unequal),
    info("reference.inconsistent", "W0008", published::inconsistent),
    info("aug.hflip_cxr", "I0001", copies::mirrored),
];

/// Checks whose findings follow from numbers or sources of images, which a study without data may only suppose.
const BY_TABLES: &[&str] = &["eval.small_n", "confound.source_label", "synthetic.label_confounded", "compute.unequal_budget", "arms.equal"];

/// The ids of all checks.
pub fn ids() -> impl Iterator<Item = &'static str> + Clone {
    CHECKS.iter().map(|c| c.id)
}

/// What a check counted, and how it is reported.
#[derive(Clone)]
struct CheckResult {
    stage: StageId,
    /// Where, and the words below the caret.
    at: Span,
    label: String,
    message: String,
    notes: Vec<String>,
    help: &'static str,
    count: u64,
    unit: &'static str,
    /// From the model back to where the data came in.
    path: Vec<StageId>,
}

/// A finding: what a check found at one cell.
#[derive(Clone)]
pub struct Finding {
    /// The check.
    pub check: &'static Check,
    /// The stage.
    pub stage: StageId,
    /// If it stands for several cells: how many, and the smallest and largest count of one of them.
    cells: Option<(usize, u64, u64)>,
    /// Why it is allowed, if it is.
    pub reason: Option<String>,
    found: CheckResult,
}

impl Finding {
    /// True if the study is refused because of it.
    pub fn refuses(&self) -> bool {
        self.check.severity == Severity::Error && self.reason.is_none()
    }

    /// True if the design decides it, and not how many images or patients there are, or what they show.
    pub fn is_of_design(&self) -> bool {
        !BY_TABLES.contains(&self.check.id)
    }

    /// True if it is the same as one found at another time.
    pub fn is_same(&self, other: &Finding) -> bool {
        self.check.id == other.check.id && self.stage == other.stage && self.found.message == other.found.message && self.found.count == other.found.count
    }

    /// For the journal; contains no names except those of stages.
    pub fn record(&self, p: &Pipeline) -> journal::Finding {
        let name = |id: &StageId| p.stages[*id].name.clone();
        journal::Finding {
            id: self.check.id.to_owned(),
            code: self.check.code.to_owned(),
            stage: name(&self.stage),
            message: Some(self.found.message.clone()),
            severity: self.check.severity,
            notes: self.found.notes.clone(),
            path: self.found.path.iter().map(name).collect(),
            allowed: self.reason.clone(),
            counts: BTreeMap::from([(self.found.unit.to_owned(), self.found.count)]),
        }
    }

    /// For people.
    pub fn diagnostic(&self, p: &Pipeline, texts: &Texts) -> Diagnostic {
        let f = &self.found;
        let mut d = Diagnostic::new(self.check.code, f.message.clone()).at(f.at, f.label.clone());
        if !f.path.is_empty() {
            // The path ends where the data came in.
            let way: Vec<String> = f.path.iter().map(|id| format!("`{}` ({})", p.stages[*id].name, texts.line(p.stages[*id].places.name))).collect();
            d = d.note(format!("path: {}", way.join(" ← ")));
        }
        d = f.notes.iter().fold(d, |d, note| d.note(note.clone()));
        if let Some((n, least, most)) = self.cells {
            let base = &p.stages[self.stage].base;
            d = d.note(match least == most {
                true => format!("the same is true of {n} cells of `{base}`"),
                false => format!("true of {n} cells of `{base}`, with {least} to {most} {}", f.unit),
            });
        }
        match &self.reason {
            Some(reason) => d.note(format!("allowed: {reason}")).warning(),
            None if self.check.severity != Severity::Error => d.help(f.help).warning(),
            None => d.help(format!("{}, or allow `{}` with a reason", f.help, self.check.id)),
        }
    }
}

/// A model and what it is tested on.
struct Side<'a> {
    stage: StageId,
    trainer: StageId,
    test: &'a Input,
    /// Images used for training or normalisation.
    direct: PatientsAndImages,
    /// Images that a training watched, to stop early or to keep the best weights.
    watched: PatientsAndImages,
    /// Sets of patients, of each of which at least one will be among those.
    some: Vec<RoaringBitmap>,
    /// What reached those images, or the initial weights.
    generated: PatientsAndImages,
    tested: Flow,
    /// The rows of the test set, if known.
    rows: Option<Arc<TableContents>>,
    /// A note for each finding.
    note: Option<&'static str>,
}

impl Side<'_> {
    /// Patients of whom real images are tested: those of synthetic ones are another check's.
    fn tested_patients(&self) -> RoaringBitmap {
        self.rows.as_ref().map_or_else(|| self.tested.contains.patients.clone(), |rows| rows.real.patients.clone())
    }
    /// Images on the training side.
    fn trained(&self) -> RoaringBitmap {
        &self.direct.images | &self.watched.images | &self.generated.images
    }
    /// Patients on the training side.
    fn patients(&self) -> RoaringBitmap {
        &self.direct.patients | &self.watched.patients | &self.generated.patients
    }
    /// A finding at its test set, if `count` is not 0; `label` has a singular and a plural form.
    fn found(&self, (count, unit): (u64, &'static str), label: [&str; 2], message: String, help: &'static str, path: Vec<StageId>) -> Option<CheckResult> {
        let label = format!("{count} of these {unit} {}", label[usize::from(count != 1)]);
        let notes = self.note.iter().map(|n| (*n).to_owned()).collect();
        (count > 0).then_some(CheckResult { stage: self.stage, at: self.test.span, label, message, notes, help, count, unit, path })
    }
}

/// What checks look at.
struct CheckInput<'a> {
    p: &'a Pipeline,
    known: KnownOutput<'a>,
    evidence: &'a Evidence<'a>,
    lineage: &'a Lineage,
    sides: Vec<Side<'a>>,
}

impl CheckInput<'_> {
    /// The rows of a table of samples, if it is known and can be read.
    fn rows(&self, stage: StageId, port: &str) -> Option<Arc<Vec<Sample>>> {
        self.evidence.tables.samples(self.evidence.store, &(self.known)(stage, port)?).ok()
    }
}

/// Everything that the checks find with the outputs that are known, errors first.
///
/// # Errors
/// If a table in the store cannot be read.
pub fn findings(p: &Pipeline, known: KnownOutput, evidence: &Evidence) -> Result<Vec<Finding>> {
    // Without a test there is nothing to leak into.
    let mut lineage = if p.stages.iter().any(|s| s.stage.is_test()) { Lineage::of(p, known, evidence)? } else { Lineage::default() };
    let sides = sides(p, &mut lineage, known, evidence)?;
    let look = CheckInput { p, known, evidence, lineage: &lineage, sides };
    let mut out: Vec<Finding> = vec![];
    for check in CHECKS {
        for found in (check.find)(&look) {
            let reason = p.allow.iter().find(|a| a.id.text == check.id).map(|a| a.reason.clone());
            out.push(Finding { check, stage: found.stage, cells: None, reason, found });
        }
    }
    Ok(out)
}

/// Findings as they are shown: those of one stage's cells are merged into the one with the largest count.
pub fn for_display<'a>(p: &Pipeline, findings: impl IntoIterator<Item = &'a Finding>) -> Vec<Finding> {
    let mut out: Vec<Finding> = vec![];
    for finding in findings {
        let same = |f: &&mut Finding| f.check.id == finding.check.id && p.stages[f.stage].base == p.stages[finding.stage].base;
        match out.iter_mut().find(same) {
            None => out.push(finding.clone()),
            Some(shown) => {
                let (n, least, most) = shown.cells.unwrap_or((1, shown.found.count, shown.found.count));
                let cells = Some((n + 1, least.min(finding.found.count), most.max(finding.found.count)));
                if finding.found.count > shown.found.count {
                    *shown = finding.clone();
                }
                shown.cells = cells;
            }
        }
    }
    out
}

/// Findings that are not among those that were reported before, as diagnostics for people.
pub fn diagnostics<'a>(p: &Pipeline, texts: &Texts, findings: impl IntoIterator<Item = &'a Finding>, reported: &[Finding]) -> Vec<Diagnostic> {
    // What is informational stands in journal and report.
    let shown = |f: &&Finding| f.check.severity != Severity::Info && !reported.iter().any(|r| r.is_same(f));
    let new = findings.into_iter().filter(shown);
    for_display(p, new).iter().map(|f| f.diagnostic(p, texts)).collect()
}

/// Allowed findings that did not occur, once everything is known.
pub fn unused(p: &Pipeline, found: &[Finding]) -> Vec<Diagnostic> {
    let unused = p.allow.iter().filter(|a| !found.iter().any(|f| f.check.id == a.id.text));
    let say = |id: &str| format!("`{id}` is allowed, but the study has no such finding");
    unused.map(|a| Diagnostic::new("W0001", say(&a.id.text)).at(a.id.span, "not needed").help("remove it from `checks.allow`").warning()).collect()
}

fn sides<'a>(p: &'a Pipeline, lineage: &mut Lineage, known: KnownOutput, evidence: &Evidence) -> Result<Vec<Side<'a>>> {
    let mut out = vec![];
    for (id, stage) in p.stages.pairs().filter(|(_, s)| s.stage.is_test()) {
        let (Some(model), Some(test)) = (stage.input("weights"), stage.input("samples")) else { continue };
        let mut tested = Flow::default();
        for source in &test.from {
            let flow = lineage.flow(source.stage, source.port);
            tested.contains.add(&flow.contains);
            tested.influenced.add(&flow.influenced);
        }
        let rows = match test.from.as_slice() {
            [only] => lineage.table(only, known, evidence)?,
            _ => None,
        };
        for source in &model.from {
            let quality = stage.stage.judges_images();
            if quality && !shows_real(source.stage, test, p, lineage, known, evidence)? {
                continue;
            }
            let mut some = vec![];
            let (mut direct, mut generated) = (PatientsAndImages::default(), lineage.outside.get(&source.stage).cloned().unwrap_or_default());
            let mut watched = PatientsAndImages::default();
            for (port, from) in p.stages[source.stage].inputs.iter().filter(|i| i.port.by.is_empty()).flat_map(|i| i.from.iter().map(|f| (i.port.name, f))) {
                let flow = lineage.flow(from.stage, from.port);
                generated.add(&flow.influenced);
                if port == "validation" {
                    watched.add(&flow.contains);
                    continue;
                }
                direct.add(&flow.contains);
                some.extend(flow.some.into_iter().chain(flow.within).filter(|s| !s.is_empty()));
            }
            out.push(Side {
                stage: id,
                trainer: source.stage,
                test,
                direct,
                watched,
                generated,
                some,
                tested: tested.clone(),
                rows: rows.clone(),
                note: quality.then_some(NO_QUALITY),
            });
        }
    }
    Ok(out)
}

/// Why `purpose: synthetic-quality` does not apply.
const NO_QUALITY: &str = "`purpose: synthetic-quality` is for a model that is trained or tested on synthetic images in place of the real images of a class; here both sides have real images of every class";

/// True if both sides certainly contain real images of every class: then the model is what is tested, whatever the study says.
fn shows_real(trainer: StageId, test: &Input, p: &Pipeline, lineage: &mut Lineage, known: KnownOutput, evidence: &Evidence) -> Result<bool> {
    let trained = p.stages[trainer].input("samples");
    let mut sides = [BTreeMap::new(), BTreeMap::new()];
    for (labels, input) in sides.iter_mut().zip([trained, Some(test)]) {
        for source in input.iter().flat_map(|i| &i.from) {
            let Some(held) = lineage.table(source, known, evidence)? else { return Ok(false) };
            held.by_label.iter().for_each(|(label, of)| *labels.entry(label.clone()).or_insert(false) |= of.has_real);
        }
    }
    // A class on one side only tests nothing.
    let [trained, tested] = &sides;
    let mut both = trained.iter().filter_map(|(label, real)| Some((real, tested.get(label)?))).peekable();
    Ok(both.peek().is_some() && both.all(|(a, b)| *a && *b))
}
