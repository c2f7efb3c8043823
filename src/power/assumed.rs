//! What is assumed of the networks of a study: how good those of the reference arm are, how much trainings differ, and how alike their
//! scores are. From what is asked for, or else from earlier results, or else by default; each with where it comes from.

use super::Unanswered;
use super::curve::Curve;
use super::design::Design;
use super::past::Past;
use hilum_stages::evaluation::metric::Basis;
use hilum_stages::evaluation::sentence::spelled;
use hilum_stages::statistics::simulated::distance;

/// Of two classes of the reference arm, the area under the ROC curve.
pub const AREA: f64 = 0.8;
/// Correlation of the scores of one image by two trainings of an arm.
pub const TRAININGS_ALIKE: f64 = 0.8;
/// The same of trainings of two arms.
pub const ARMS_ALIKE: f64 = 0.75;
/// Correlation of the scores of two images of a patient.
pub const WITHIN: f64 = 0.5;
/// Standard deviation of the distance of two classes from one training to the next, in standard deviations of scores.
pub const BETWEEN: f64 = 0.15;

/// What somebody asks to be assumed.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// Values of the metric for the reference arm: of a metric, or of every one.
    pub base: Vec<(Option<String>, f64)>,
    /// Standard deviation of the metric between trainings.
    pub between: Option<f64>,
    /// Correlation of the scores of two networks.
    pub alike: Option<f64>,
    /// Correlation of the scores of two images of a patient.
    pub within: Option<f64>,
}

/// One assumption, for people.
#[derive(Debug, Clone, PartialEq)]
pub struct Assumption {
    /// What is assumed.
    pub what: String,
    /// Its value.
    pub value: f64,
    /// Where it comes from.
    pub from: String,
}

/// What is assumed.
pub struct Assumed {
    /// The metric's value for the reference arm.
    pub base: f64,
    /// What it is with classes that are never mistaken.
    pub best: f64,
    /// The same in words.
    pub notes: Vec<Assumption>,
    pub(super) distance: f64,
    pub(super) between: f64,
    /// The shares of the variance of scores that are an arm's and a training's own.
    pub(super) arm: f64,
    pub(super) training: f64,
    pub(super) within: f64,
    pub(super) curve: Curve,
}

impl Assumed {
    /// What is assumed of a design.
    ///
    /// # Errors
    /// If its metric is undefined, or cannot have the value that is asked for.
    pub fn of(design: &Design, asked: &Asked, past: Option<&Past>) -> Result<Assumed, Unanswered> {
        let (metric, class) = (design.measure.metric, design.measure.class.map(|c| design.classes[c].as_str()));
        let refused = |why: String, help: &str| Unanswered { stage: design.stage.clone(), why, help: help.to_owned() };
        let undefined = || refused(format!("`{}` is undefined on its test set: {}", metric.name, metric.undefined_when), "test on images of all classes");
        let curve = Curve::of(design, design.place()).ok_or_else(undefined)?;
        let name = spelled(metric.name, class);
        let from_past = |value: Option<f64>| value.zip(past.map(|p| p.from.clone()));
        let option = |o: &str| format!("as `{o}` says");
        let default = |o: &str| format!("assumed; `{o}` says another");

        let alike = asked.alike.map(|a| (a, option("--network-correlation")));
        let trainings =
            alike.clone().or_else(|| from_past(past.and_then(|p| p.trainings_alike))).unwrap_or((TRAININGS_ALIKE, default("--network-correlation")));
        let arms = alike.or_else(|| from_past(past.and_then(|p| p.arms_alike))).unwrap_or((ARMS_ALIKE, default("--network-correlation")));
        // Trainings of one arm are at least as alike as those of two.
        let trainings = if trainings.0 < arms.0 { (arms.0, trainings.1) } else { trainings };
        let has_several = has_several(&design.tokens);
        let within = asked.within.map(|w| (w, option("--patient-correlation"))).or_else(|| from_past(past.and_then(|p| p.within)));
        let within = within.unwrap_or((WITHIN, default("--patient-correlation")));

        // Deviations of the metric become those of the distance at the distance of the reference.
        let of_base = |base: f64, between: f64| curve.distance(base, between);
        let default_distance = distance(AREA, 0.0);
        let full = class.map_or(metric.name.to_owned(), |class| format!("{}/{class}", metric.name));
        let given = asked.base.iter().rev().find(|(of, _)| of.as_deref().is_none_or(|of| of == full || of == metric.name)).map(|b| b.1);
        let (base, from) = match (given, past.and_then(|p| p.base)) {
            (Some(base), _) => {
                let least = curve.value(-0.9, 0.0);
                let help = format!("`{name}` of networks that tell the classes apart is between {least:.2} and {:.2}", curve.best());
                if of_base(base, 0.0).is_none() {
                    return Err(refused(format!("`--baseline` says {base} for {name}, which no such network has"), &help));
                }
                (base, option("--baseline"))
            }
            (None, Some(base)) if of_base(base, 0.0).is_some_and(|d| d < 5.0) => (base, past.map(|p| p.from.clone()).unwrap_or_default()),
            (None, found) => {
                let unfit = found.map_or(String::new(), |v| format!("; {v:.3} in earlier results leaves nothing to be found"));
                (
                    curve.value(default_distance, BETWEEN),
                    format!("what classes give that are told apart with an AUROC of {AREA}, assumed; `--baseline` says another{unfit}"),
                )
            }
        };
        let at = of_base(base, 0.0).unwrap_or(default_distance);
        let slope = curve.slope(at).max(1e-9);
        let between = asked.between.map(|sd| (sd, option("--training-sd"))).or_else(|| from_past(past.and_then(|p| p.between)));
        let (deviation, from_between) = between.unwrap_or((BETWEEN * slope, default("--training-sd")));
        let between = deviation / slope;
        let distance = of_base(base, between)
            .ok_or_else(|| refused(format!("trainings that differ by {deviation} in {name} have no mean of {base}"), "assume less with `--training-sd`"))?;

        let note = |what: String, value: f64, from: String| Assumption { what, value, from };
        let mut notes = vec![
            note(format!("{name} of the arm that others are compared with"), base, from),
            note(format!("standard deviation of {name} between trainings of an arm"), deviation, from_between),
            note("correlation of the scores that two trainings of an arm give one image".into(), trainings.0, trainings.1),
            note("the same of trainings of two arms".into(), arms.0, arms.1),
        ];
        if has_several {
            notes.push(note("correlation of the scores of two images of a patient".into(), within.0, within.1));
        }
        let (arm, training) = (trainings.0 - arms.0, 1.0 - trainings.0);
        Ok(Assumed { base, best: curve.best(), notes, distance, between, arm, training, within: within.0, curve })
    }

    /// The distance of an arm whose value is better by this; none where no arm can be.
    pub(super) fn better_by(&self, difference: f64, sign: f64) -> Option<f64> {
        if difference == 0.0 { Some(self.distance) } else { self.curve.distance(self.base + sign * difference, self.between) }
    }
}

/// True where a patient has several images.
pub fn has_several(tokens: &[String]) -> bool {
    let mut named: Vec<&String> = tokens.iter().filter(|t| !t.is_empty()).collect();
    named.sort_unstable();
    named.windows(2).any(|two| two[0] == two[1])
}

/// True where the predicted classes count, and so a threshold that the model puts where both classes are found equally often.
pub fn has_threshold(design: &Design) -> bool {
    !matches!(design.measure.metric.basis, Basis::Auroc | Basis::Ranks)
}
