//! What a study of a design would find: how often differences of several sizes, and which one in four studies of five. Independent of
//! how it is shown.

use super::assumed::Assumed;
use super::curve::sign;
use super::design::Design;
use super::simulated::{Said, Studies};
use super::{Effort, Share, Unanswered};
use hilum_stages::evaluation::conclusion::Conclusion;
use hilum_stages::evaluation::estimate;
use hilum_stages::evaluation::metric::Basis;
use hilum_stages::statistics::interval;
use hilum_stages::words::there_are;

/// Studies in which the smallest difference is found.
pub const POWER: f64 = 0.8;
/// Differences that are asked about, of metrics between 0 and 1.
const DIFFERENCES: [f64; 5] = [0.02, 0.05, 0.1, 0.15, 0.2];
/// The one that the first sentence is about, where the study states no margin.
const USUAL: f64 = 0.05;
/// Parts of what is left to the best value, or of the base where a metric has no usual differences.
const PARTS: [f64; 3] = [0.25, 0.5, 0.75];
/// How often the bracket of the smallest difference is halved, before what is left is interpolated.
const HALVINGS: usize = 3;
/// Trainings that are enough to see how much they differ.
const MORE_TRAININGS: usize = 5;

/// What studies of a design find.
pub struct Power {
    /// The design.
    pub design: Design,
    /// What was assumed.
    pub assumed: Assumed,
    /// How often a difference is found that is not there, in either direction.
    pub false_findings: Share,
    /// True differences in ascending order, and how often each is found in its direction.
    pub table: Vec<(f64, Share)>,
    /// The one that the first sentence is about, among them.
    pub asked: (f64, Share),
    /// The smallest difference that is found with [`POWER`]; none where an arm that is never mistaken is not.
    pub smallest: Option<f64>,
    /// The difference of an arm that is never mistaken, and how often it is found.
    pub largest: (f64, Share),
    /// How often the difference of the first sentence would be found with more patients or trainings.
    pub more: Vec<More>,
}

/// A larger study.
pub struct More {
    /// How many times as many patients are tested.
    pub patients: usize,
    /// Trainings of each arm.
    pub trainings: usize,
    /// How often the difference is found.
    pub found: Share,
}

/// Simulates studies of a design; `tell` is told what is being simulated.
///
/// # Errors
/// If the design gives no interval of a difference, so that no study finds one.
pub fn power(design: Design, assumed: Assumed, effort: Effort, tell: &dyn Fn(&str)) -> Result<Power, Unanswered> {
    let sign = sign(design.measure.metric.direction);
    let studies = Studies::new(&design, &assumed, effort);
    if let Some((why, help)) = too_few(&design, &studies) {
        return Err(Unanswered { stage: design.stage.clone(), why, help });
    }
    let found = |studies: &Studies, difference: f64| {
        tell(&format!("{}: a difference of {difference:.3}", design.stage));
        let distance = assumed.better_by(difference, sign)?;
        Some(Studies::share(&studies.say([distance, assumed.distance]), |s| s.conclusion == Conclusion::Helped))
    };
    tell(&format!("{}: no difference", design.stage));
    let none = studies.say([assumed.distance; 2]);
    if none.iter().all(|s| !s.has_interval) {
        let (why, help) = ("in no simulated study does `compare` give an interval of the difference".to_owned(), "test more patients".to_owned());
        return Err(Unanswered { stage: design.stage.clone(), why, help });
    }
    let is_finding = |s: &Said| matches!(s.conclusion, Conclusion::Helped | Conclusion::Harmed);
    let false_findings = Studies::share(&none, is_finding);
    let room = (assumed.best - assumed.base) * sign;
    let (mut table, asked) = differences(&design, &assumed, room);
    table.retain(|d| assumed.better_by(*d, sign).is_some());
    let mut rows: Vec<(f64, Share)> = table.iter().filter_map(|d| Some((*d, found(&studies, *d)?))).collect();
    // Classes that are never mistaken: as far apart as the model goes.
    let largest = (room, Studies::share(&studies.say([super::curve::TO, assumed.distance]), |s| s.conclusion == Conclusion::Helped));
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let asked = rows.iter().min_by(|a, b| (a.0 - asked).abs().total_cmp(&(b.0 - asked).abs())).copied().unwrap_or(largest);

    let helped = Studies::share(&none, |s| s.conclusion == Conclusion::Helped);
    let smallest = smallest(&[(0.0, helped)], &rows, largest, &|d| found(&studies, d));
    let (trainings, more) = (design.trainings.len(), if design.trainings.len() < MORE_TRAININGS { MORE_TRAININGS } else { 2 * design.trainings.len() });
    let larger = |(patients, trainings): (usize, usize)| {
        tell(&format!("{}: {patients} times as many patients, {trainings} trainings", design.stage));
        let enlarged = design.enlarged(trainings, patients);
        let studies = Studies::new(&enlarged, &assumed, effort);
        Some(More { patients, trainings, found: found(&studies, asked.0)? })
    };
    let more = [(2, trainings), (1, more), (2, more)].into_iter().filter_map(larger).collect();
    drop(studies);
    Ok(Power { false_findings, table: rows, asked, smallest, largest, more, design, assumed })
}

/// The differences of the table, and the one of the first sentence.
fn differences(design: &Design, assumed: &Assumed, room: f64) -> (Vec<f64>, f64) {
    let (low, high) = design.measure.metric.range;
    let usual: Vec<f64> = if high - low <= 1.0 { DIFFERENCES.into_iter().filter(|d| *d < 0.98 * room).collect() } else { vec![] };
    let of = if high - low <= 1.0 { room } else { room.min(assumed.base.abs()) };
    let mut all = if usual.len() > 1 { usual } else { PARTS.iter().map(|part| part * of).collect() };
    let asked = design.margin.unwrap_or(if high - low <= 1.0 { USUAL } else { PARTS[0] * of });
    if asked < 0.98 * room && all.iter().all(|d| (d - asked).abs() > 1e-9) {
        all.push(asked);
    }
    (all, asked)
}

/// The smallest difference that is found often enough, between the largest that is not and the next.
fn smallest(none: &[(f64, Share)], rows: &[(f64, Share)], largest: (f64, Share), found: &dyn Fn(f64) -> Option<Share>) -> Option<f64> {
    let all: Vec<(f64, f64)> = none.iter().chain(rows).chain([&largest]).map(|(d, share)| (*d, share.value())).collect();
    let first = all.iter().position(|(_, share)| *share >= POWER)?;
    if first == 0 {
        return Some(0.0);
    }
    let (mut below, mut above) = (all[first - 1], all[first]);
    for _ in 0..HALVINGS {
        let middle = (below.0 + above.0) / 2.0;
        let Some(share) = found(middle).map(Share::value) else { break };
        if share < POWER { below = (middle, share) } else { above = (middle, share) }
    }
    Some(below.0 + (above.0 - below.0) * (POWER - below.1) / (above.1 - below.1))
}

/// Why the test set is too small for an interval, if it is.
fn too_few(design: &Design, studies: &Studies) -> Option<(String, String)> {
    let (class, patients) = (design.measure.class, studies.patients());
    let (there, least, whose) = match design.measure.metric.basis {
        Basis::Proportion(_) => (class.map_or(patients.count(), |c| patients.with(c).max(patients.count() - patients.with(c))), interval::LEAST_PATIENTS, ""),
        Basis::Auroc => (patients.fewest(class), interval::LEAST_PATIENTS, " of the smaller class"),
        _ if design.measure.metric.name == "auroc" && design.classes.len() == 2 => (patients.fewest(None), interval::LEAST_PATIENTS, " of the smaller class"),
        _ => (patients.fewest(class), estimate::LEAST_PATIENTS, " of the smaller class"),
    };
    let is_by_folds = design.test == hilum_stages::evaluation::difference::TestChoice::NadeauBengio;
    let why = || format!("an interval needs {least} patients{whose}, and {}", there_are(there));
    (there < least && !is_by_folds).then(|| (why(), "test more patients, as by a larger test part, folds or an external test set".to_owned()))
}
