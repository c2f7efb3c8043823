//! What a comparison compares: the images and patients of its test set, the trainings of its arms, their folds, and its test. From the
//! graph and from tables, which may be made up with the right counts.

use super::Unanswered;
use crate::pipeline::Pipeline;
use crate::pipeline::model::{Stage, StageId};
use crate::plan::counts::Counts;
use hilum_cache::Digest;
use hilum_stages::contract::stage::Stage as _;
use hilum_stages::data::sample::{Origin, Samples};
use hilum_stages::evaluation::arms::{self, Arm, Partner, fold, partner};
use hilum_stages::evaluation::metric::{Basis, Measure, measures, rows_of};
use hilum_stages::kinds::compare::{Adjust, Compare, TestChoice};
use std::collections::{BTreeSet, HashMap};

/// One or several arms of a comparison for which everything is the same: what holds for one holds for all.
#[derive(Debug, Clone)]
pub struct Design {
    /// The comparison.
    pub stage: String,
    /// The evaluation that tests the arms, where there are several.
    pub set: String,
    /// Each arm with the one that it is compared with.
    pub arms: Vec<(String, String)>,
    /// What answers.
    pub measure: Measure,
    /// Names of the classes.
    pub classes: Vec<String>,
    /// The class of each image of the test set.
    pub labels: Vec<usize>,
    /// The patient of each image; empty for one of nobody.
    pub tokens: Vec<String>,
    /// Pairs of trainings, one of each arm.
    pub trainings: Vec<Training>,
    /// Arms among which p values are adjusted.
    pub family: usize,
    /// How they are.
    pub adjust: Adjust,
    /// How differences are tested.
    pub test: TestChoice,
    /// The margin of relevance.
    pub margin: Option<f64>,
    /// Draws of the test that swaps arms.
    pub draws: usize,
    /// The evaluations of all its arms, by the coordinates among which arms are told apart.
    pub cells: Vec<(String, StageId)>,
    /// True where the study says of how many patients its images are.
    pub knows_patients: bool,
}

/// A training of each arm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Training {
    /// Of each image, the fold that it is tested in.
    pub fold: Vec<usize>,
    /// Of each fold, how many images its networks are trained on.
    pub trained: Vec<usize>,
}

impl Training {
    /// How many folds there are.
    pub fn folds(&self) -> usize {
        self.trained.len()
    }
}

impl Design {
    /// The place of the metric that answers among the rows of its name.
    pub fn place(&self) -> usize {
        let all = measures(rows_of(self.measure.metric.name), self.classes.len());
        let is_of = |m: &Measure| m.class == self.measure.class && m.metric.is_per_class() == self.measure.metric.is_per_class();
        all.iter().position(is_of).unwrap_or_default()
    }

    /// The same with so many trainings of each arm, and so many times as many patients.
    pub fn enlarged(&self, trainings: usize, times: usize) -> Design {
        let again = |k: usize, token: &String| if token.is_empty() { String::new() } else { format!("{k}/{token}") };
        let more = |t: &Training| Training { fold: t.fold.repeat(times), trained: t.trained.iter().map(|n| n * times).collect() };
        Design {
            labels: self.labels.repeat(times),
            tokens: (0..times).flat_map(|k| self.tokens.iter().map(move |t| again(k, t))).collect(),
            trainings: (0..trainings).map(|k| more(&self.trainings[k % self.trainings.len()])).collect(),
            ..self.clone()
        }
    }
}

/// The designs of these comparisons, and why some have none.
pub fn designs(p: &Pipeline, counts: &Counts, wanted: &[StageId]) -> Vec<Result<Design, Unanswered>> {
    let of = |id: &StageId| {
        let stage = &p.stages[*id];
        let refused = |(why, help): (String, String)| vec![Err(Unanswered { stage: stage.name.clone(), why, help })];
        of_comparison(p, counts, stage).map_or_else(refused, |found| found.into_iter().map(Ok).collect())
    };
    wanted.iter().flat_map(of).collect()
}

/// The comparisons of a study.
pub fn comparisons(p: &Pipeline) -> Vec<StageId> {
    p.stages.pairs().filter(|(_, s)| s.kind.name == Compare::NAME).map(|(id, _)| id).collect()
}

/// An evaluation that is compared.
struct Cell<'a> {
    name: String,
    stage: StageId,
    tested: &'a Samples,
    /// Real images that its network is trained on, if that is known.
    trained: Option<usize>,
}

type Refused = (String, String);

fn of_comparison(p: &Pipeline, counts: &Counts, stage: &Stage) -> Result<Vec<Design>, Refused> {
    let no = |why: String, help: &str| (why, help.to_owned());
    let compare: Compare = serde_json::from_value(stage.parameters.clone()).map_err(|e| no(format!("its parameters do not read: {e}"), "check the study"))?;
    if compare.against.is_empty() {
        return Err(no("it shows values and compares no arms".into(), "name in `against` the arm that the others are compared with"));
    }
    let gathered = stage.input("scores").map(|i| i.from.as_slice()).unwrap_or_default();
    let cells = gathered.iter().map(|source| cell(p, counts, source.stage, &source.cell)).collect::<Result<Vec<_>, _>>()?;
    let first = cells.first().ok_or_else(|| no("it has no scores".into(), "gather evaluations"))?;
    let trained = weights_of(p, first.stage).and_then(|w| tables_of(p, counts, w)).unwrap_or_default();
    let labels = first.tested.rows.iter().chain(trained.iter().flat_map(|t| &t.rows)).map(|r| r.label.as_str());
    let classes: Vec<String> = labels.collect::<BTreeSet<&str>>().into_iter().map(str::to_owned).collect();
    let positive = p.stages[first.stage].parameters["positive"].as_str().and_then(|positive| classes.iter().position(|c| c == positive));
    let measure = compare.answering(&classes, positive).ok_or_else(|| {
        no(format!("`metric: {}` names none of its classes, or each of them", compare.metric), &format!("the classes are: {}", classes.join(", ")))
    })?;
    if matches!(measure.metric.basis, Basis::Biased) {
        let why = format!("the estimate of `{}` is biased, so that `compare` gives neither an interval nor a test", measure.metric.name);
        return Err(no(why, "let another metric answer"));
    }
    let all = arms_of(&cells);
    let mut out: Vec<Design> = vec![];
    for (at, arm) in all.iter().enumerate() {
        let Partner::Arm(other) = partner(&all, at, &compare.against) else { continue };
        let family = (0..all.len()).filter(|k| all[*k].set == arm.set && matches!(partner(&all, *k, &compare.against), Partner::Arm(_))).count();
        let of_set: Vec<&Cell> = arm.trainings.iter().flat_map(|t| &t.cells).map(|c| &cells[*c]).collect();
        let places = Places::of(arm.trainings.first().map(|t| t.cells.iter().map(|c| &cells[*c]).collect()).unwrap_or_default());
        let pairs = arms::common(arm, &all[other]);
        let trainings = pairs.iter().map(|(one, two)| {
            let of = |arm: &Arm, k: usize| places.training(&arm.trainings[k].cells.iter().map(|c| &cells[*c]).collect::<Vec<_>>());
            let (mut a, b) = (of(arm, *one)?, of(&all[other], *two)?);
            a.trained = a.trained.iter().zip(&b.trained).map(|(a, b)| *a.min(b)).collect();
            (a.fold.len() == b.fold.len() && a.folds() == b.folds()).then_some(a)
        });
        let help = "evaluate both arms on one test set";
        let other_images = || no(format!("`{}` and `{}` are tested on other images or folds", arm.name, all[other].name), help);
        let trainings = trainings.collect::<Option<Vec<_>>>().filter(|t| !t.is_empty()).ok_or_else(other_images)?;
        let names = (arm.name.clone(), all[other].name.clone());
        let labels = places.rows.iter().map(|r| classes.iter().position(|c| *c == r.1)).collect::<Option<Vec<_>>>();
        let labels = labels.ok_or_else(|| no("its test sets have other classes".into(), "compare classifiers of the same classes"))?;
        let tokens: Vec<String> = places.rows.iter().map(|r| r.2.clone()).collect();
        // How many images a network is trained on enters the corrected resampled t test alone.
        let folds = |all: &[Training]| all.iter().map(|t| t.fold.clone()).collect::<Vec<_>>();
        let is_alike = |d: &Design| if compare.test == TestChoice::NadeauBengio { d.trainings == trainings } else { folds(&d.trainings) == folds(&trainings) };
        let same = |d: &&mut Design| d.set == arm.set && is_alike(d) && d.labels == labels && d.tokens == tokens;
        if let Some(known) = out.iter_mut().find(same) {
            known.arms.push(names);
            continue;
        }
        out.push(Design {
            stage: stage.name.clone(),
            set: arm.set.clone(),
            arms: vec![names],
            measure,
            classes: classes.clone(),
            labels,
            tokens,
            trainings,
            family,
            adjust: compare.adjust,
            test: compare.test,
            margin: compare.margin.map(|m| *m),
            draws: *compare.resamples as usize,
            cells: cells.iter().map(|c| (c.name.clone(), c.stage)).collect(),
            knows_patients: counts.has_patients || of_set.iter().all(|c| is_known(p, counts, c.stage)),
        });
    }
    Ok(out)
}

/// The arms of cells. Folds that are tested on the same images are trainings.
fn arms_of(cells: &[Cell]) -> Vec<Arm> {
    let mut all = arms::arms(cells.iter().map(|c| c.name.as_str()));
    let images = |at: usize| cells[at].tested.rows.iter().map(|r| r.image);
    for arm in &mut all {
        let part = |t: arms::Training| match t.cells[..] {
            [first, ref others @ ..] if !others.is_empty() && others.iter().all(|o| images(first).eq(images(*o))) => {
                let of = |c: &usize| arms::Training { repeat: format!("{}/fold={}", t.repeat, fold(&cells[*c].name)), cells: vec![*c] };
                t.cells.iter().map(of).collect()
            }
            _ => vec![t],
        };
        arm.trainings = std::mem::take(&mut arm.trainings).into_iter().flat_map(part).collect();
    }
    all
}

/// The images of a test set in one order, as an arm's first training has them.
struct Places<'a> {
    rows: Vec<(Digest, &'a str, String)>,
    known: HashMap<(Digest, &'a str, String), Vec<usize>>,
    folds: Vec<String>,
}

impl<'a> Places<'a> {
    fn of(cells: Vec<&'a Cell<'a>>) -> Places<'a> {
        let rows: Vec<_> = cells.iter().flat_map(|c| &c.tested.rows).map(|r| (r.image, r.label.as_str(), r.patient.clone())).collect();
        let mut known: HashMap<_, Vec<usize>> = HashMap::new();
        rows.iter().enumerate().for_each(|(at, row)| known.entry(row.clone()).or_default().push(at));
        Places { rows, known, folds: cells.iter().map(|c| fold(&c.name)).collect() }
    }

    /// Which fold tests which image; none where these are other images or other folds.
    fn training(&self, cells: &[&Cell]) -> Option<Training> {
        let mut left = self.known.clone();
        let mut training = Training { fold: vec![0; self.rows.len()], trained: vec![0; self.folds.len()] };
        let mut placed = 0;
        for cell in cells {
            let number = self.folds.iter().position(|f| *f == fold(&cell.name)).or_else(|| (cells.len() == 1).then_some(0))?;
            let others = self.rows.len() - cell.tested.rows.len();
            training.trained[number] = cell.trained.unwrap_or(others).min(others);
            for row in &cell.tested.rows {
                let at = left.get_mut(&(row.image, row.label.as_str(), row.patient.clone())).and_then(Vec::pop)?;
                training.fold[at] = number;
                placed += 1;
            }
        }
        (placed == self.rows.len() && cells.len() == self.folds.len()).then_some(training)
    }
}

fn cell<'a>(p: &Pipeline, counts: &'a Counts, stage: StageId, name: &str) -> Result<Cell<'a>, Refused> {
    let bound = p.stages[stage].input("samples").and_then(|i| i.from.first());
    let source = bound.ok_or_else(|| (format!("`{}` tests no table of images", p.stages[stage].name), "compare evaluations".to_owned()))?;
    let tested = counts.rows.get(&(source.stage, source.port)).ok_or_else(|| {
        let why = cause(p, counts, source.stage);
        (
            format!("the images that `{}` tests are not known: {why}", p.stages[stage].name),
            "run the stages that make the table, or say in `expect` how many images and patients an import has".to_owned(),
        )
    })?;
    let real = |t: &&Samples| t.rows.iter().filter(|r| r.origin == Origin::Real).count();
    let trained = weights_of(p, stage).and_then(|w| tables_of(p, counts, w)).map(|tables| tables.iter().map(real).sum());
    Ok(Cell { name: name.to_owned(), stage, tested, trained })
}

/// Why a table is not known: of the first stage above it that is not.
fn cause(p: &Pipeline, counts: &Counts, stage: StageId) -> String {
    let needed = p.with_needs(&[stage]);
    let found = counts.unknown.iter().chain(&counts.faults).find(|(id, _)| needed[*id]);
    found.map_or_else(|| "its table follows from more than tables".into(), |(id, why)| format!("`{}`: {why}", p.stages[*id].name))
}

/// The training that made the network of an evaluation.
fn weights_of(p: &Pipeline, evaluation: StageId) -> Option<StageId> {
    Some(p.stages[evaluation].input("weights")?.from.first()?.stage)
}

/// The tables that a training is given; none where one is not known.
fn tables_of<'a>(p: &Pipeline, counts: &'a Counts, training: StageId) -> Option<Vec<&'a Samples>> {
    p.stages[training].input("samples")?.from.iter().map(|s| counts.rows.get(&(s.stage, s.port))).collect()
}

/// True where the table that an evaluation tests is in the store.
fn is_known(p: &Pipeline, counts: &Counts, evaluation: StageId) -> bool {
    let source = p.stages[evaluation].input("samples").and_then(|i| i.from.first());
    source.is_some_and(|s| counts.tables.iter().any(|t| t.stage == s.stage && t.port == s.port && t.is_known))
}
