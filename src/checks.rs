//! Checks of a study: for each, one row here and one function in a file below. They read lineage and known tables; independent of
//! how anything is computed. `plan`, `run` and the report show their findings; `checks.allow` lists their ids.

mod arms;
mod budget;
mod classes;
mod collapse;
mod confounding;
mod content;
mod copies;
mod display;
mod embedded;
pub(crate) mod expected;
mod memorised;
mod other_training;
mod parents;
mod patients;
mod pixels;
mod precision;
mod prepared;
mod published;
mod reached;
mod seen;
mod selection;
mod shortcuts;
mod sides;
mod test_sets;
mod told_apart;
mod undertrained;

use crate::diagnostic::{Diagnostic, Span, Texts};
use crate::lineage::{Evidence, KnownOutput, Lineage};
use crate::pipeline::Pipeline;
use crate::pipeline::model::StageId;
use crate::tables::Summary;
pub(crate) use display::gist;
pub use display::{diagnostics, for_display, unheard, unused};
pub use hilum_cache::journal::Severity;
use hilum_cache::{Result, journal};
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::data::sample::Sample;
use hilum_stages::records::Record;
use sides::{Side, sides};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

/// Kinds of the artifacts that checks look at. If files come from outside, finished networks matter as well: they may have made them.
pub const LOOKED_AT: &[ArtifactType] = &[ArtifactType::Samples, ArtifactType::Images, ArtifactType::Patients];

/// What decides a finding of a check: how far a study without its data can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecidedBy {
    /// The design of the study.
    Design,
    /// How many images of which source there are, which a study without data may only suppose.
    Tables,
    /// Counts that the study states, where it states those of all its images.
    Counts,
    /// Which labels there are.
    Labels,
    /// Which images are in which table.
    Images,
    /// What trainings found.
    Results,
}

/// One check.
pub struct Check {
    /// What `checks.allow` calls it.
    pub id: &'static str,
    /// Its code for `hilum explain`.
    pub code: &'static str,
    /// The severity of its findings.
    pub severity: Severity,
    /// What decides its findings.
    pub decided_by: DecidedBy,
    find: fn(&CheckInput) -> Vec<CheckResult>,
}

impl Check {
    const fn by(mut self, decided_by: DecidedBy) -> Check {
        self.decided_by = decided_by;
        self
    }
}

const fn error(id: &'static str, code: &'static str, find: fn(&CheckInput) -> Vec<CheckResult>) -> Check {
    Check { id, code, severity: Severity::Error, decided_by: DecidedBy::Design, find }
}

const fn info(id: &'static str, code: &'static str, find: fn(&CheckInput) -> Vec<CheckResult>) -> Check {
    Check { id, code, severity: Severity::Info, decided_by: DecidedBy::Design, find }
}

const fn warning(id: &'static str, code: &'static str, find: fn(&CheckInput) -> Vec<CheckResult>) -> Check {
    Check { id, code, severity: Severity::Warning, decided_by: DecidedBy::Design, find }
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
    error("metric.unknown_class", "L0010", classes::unknown).by(DecidedBy::Labels),
    error("features.missing", "L0011", embedded::missing).by(DecidedBy::Images),
    error(expected::ID, "E0501", expected::unmet).by(DecidedBy::Counts),
    warning("leakage.near_duplicate", "W0002", content::near),
    warning("patients.unknown", "W0003", patients::unknown),
    warning("patients.namespace", "W0004", patients::namespace),
    warning("generator.unknown", "W0005", patients::unknown_generator),
    warning("weights.unknown", "W0006", patients::unknown_weights),
    warning("arms.equal", "W0007", arms::equal).by(DecidedBy::Tables),
    warning("selection.on_training", "W0009", selection::on_training),
    warning("selection.no_validation", "W0010", selection::no_validation),
    warning("eval.small_n", "W0011", precision::few).by(DecidedBy::Tables),
    warning("eval.one_sided_metric", "W0012", test_sets::one_sided),
    warning("eval.single_seed", "W0013", test_sets::single_seed),
    warning("confound.source_label", "W0014", confounding::by_source).by(DecidedBy::Tables),
    warning("synthetic.label_confounded", "W0015", confounding::by_origin).by(DecidedBy::Tables),
    warning("compute.unequal_budget", "W0016", budget::unequal).by(DecidedBy::Tables),
    warning("metric.undefined", "W0017", test_sets::absent_classes).by(DecidedBy::Tables),
    warning("confound.shortcut", "W0018", shortcuts::simple).by(DecidedBy::Results),
    warning("compute.undertrained", "W0019", undertrained::falling).by(DecidedBy::Results),
    warning("synthetic.memorised", "W0020", memorised::repeated).by(DecidedBy::Results),
    warning("synthetic.c2st", "W0021", told_apart::by_features).by(DecidedBy::Results),
    warning("synthetic.collapse", "W0022", collapse::alike).by(DecidedBy::Results),
    warning("synthetic.on_training", "W0023", seen::in_training),
    warning("synthetic.other_training", "W0024", other_training::missing).by(DecidedBy::Images),
    warning("features.other_pixels", "W0025", prepared::differently),
    info("reference.inconsistent", "W0008", published::inconsistent).by(DecidedBy::Results),
    info("aug.hflip_cxr", "I0001", copies::mirrored),
];

/// The ids of all checks.
pub fn ids() -> impl Iterator<Item = &'static str> + Clone {
    CHECKS.iter().map(|c| c.id)
}

/// The checks that have seen everything that they look at, with the outputs that are known: what they do not find then is not there.
/// Before that, a check that finds nothing says nothing.
pub fn decided(p: &Pipeline, known: KnownOutput) -> Vec<&'static str> {
    // Files from outside may be of networks of this study.
    let has_outside = p.stages.iter().any(|s| !s.stage.sources().is_empty());
    let is_table = |artifact: ArtifactType| LOOKED_AT.contains(&artifact) || has_outside && artifact.is_network();
    let (mut tables, mut results) = (true, true);
    for (id, stage) in p.stages.pairs() {
        for port in stage.kind.outputs.iter().filter(|o| stage.stage.fills(o.name) && known(id, o.name).is_none()) {
            results = false;
            tables &= !is_table(port.artifact);
        }
    }
    CHECKS.iter().filter(|check| if check.decided_by == DecidedBy::Results { results } else { tables }).map(|check| check.id).collect()
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

/// What checks look at.
struct CheckInput<'a> {
    p: &'a Pipeline,
    known: KnownOutput<'a>,
    evidence: &'a Evidence<'a>,
    lineage: Lineage,
    sides: Vec<Side<'a>>,
}

impl CheckInput<'_> {
    /// A record that a stage has made, if it has and it can be read.
    fn record<R: Record>(&self, stage: StageId, port: &str) -> Option<R> {
        let artifact = (self.known)(stage, port).filter(|a| a.file.as_ref() == Some(&R::file_name()))?;
        R::read(&self.evidence.store.read(&artifact.digest).ok()?).ok()
    }

    /// The counts of a table of samples, if it is known and can be read.
    fn summary(&self, stage: StageId, port: &str) -> Option<Arc<Summary>> {
        let table = (self.known)(stage, port).filter(|a| ArtifactType::Samples.is(a))?;
        self.evidence.tables.summary(self.evidence.store, &table).ok()
    }

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
    let started = Instant::now();
    // Where nothing is tested or compared, there is nothing to leak into.
    let mut lineage = if p.stages.iter().any(Lineage::is_asked) { Lineage::of(p, known, evidence)? } else { Lineage::default() };
    let sides = sides(p, &mut lineage, known, evidence)?;
    let mut look = CheckInput { p, known, evidence, lineage, sides };
    let mut found: Vec<(&'static Check, Vec<CheckResult>)> = CHECKS.iter().map(|check| (check, (check.find)(&look))).collect();
    // The way by which something came in leads through stages that nobody had to look at: only those who follow it look again.
    let mut followed: Vec<_> = found.iter_mut().filter(|(_, found)| found.iter().any(|f| !f.path.is_empty())).collect();
    if !followed.is_empty() {
        look.lineage.complete(p, known, evidence)?;
        followed.iter_mut().for_each(|(check, found)| *found = (check.find)(&look));
    }
    let reason = |check: &Check| p.allow.iter().find(|a| a.id.text == check.id).map(|a| a.reason.clone());
    let of = |(check, found): (&'static Check, Vec<CheckResult>)| {
        let reason = reason(check);
        found.into_iter().map(move |found| Finding { check, stage: found.stage, cells: None, reason: reason.clone(), found })
    };
    let out: Vec<Finding> = found.into_iter().flat_map(of).collect();
    tracing::debug!(millis = started.elapsed().as_millis() as u64, findings = out.len(), "checks made");
    Ok(out)
}
