//! Learning rates over steps, as `torch.optim.lr_scheduler` has them, and when to stop. Numbers only: ignorant of tensors.

use crate::contract::prelude::*;
use crate::math;

/// How the learning rate goes on during a phase of training.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Schedule {
    /// Always the same.
    #[default]
    Constant,
    /// The same for `constant` passes, then down to nothing over `decay` (Zhu et al. 2017).
    LinearDecay {
        /// Passes at the full rate.
        constant: u32,
        /// Passes on the way down.
        decay: u32,
    },
    /// Down along half a cosine, step by step.
    Cosine {
        /// Where it ends, as a share of the rate.
        #[serde(default)]
        least: f64,
    },
    /// Multiplied by `factor` every `every` passes.
    Step {
        /// Passes between two cuts.
        every: u32,
        /// What remains after one.
        factor: f64,
    },
    /// Up and down once along cosines (Smith & Topin 2018), step by step; the rate is the highest. Momentum, beta1 of Adam, goes the other way.
    OneCycle(OneCycle),
}

/// The numbers of [`Schedule::OneCycle`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OneCycle {
    /// The share of the steps on the way up.
    #[serde(default = "default_rise")]
    pub rise: f64,
    /// The highest rate by the first.
    #[serde(default = "default_div_factor")]
    pub div_factor: f64,
    /// The first rate by the last.
    #[serde(default = "default_final_div_factor")]
    pub final_div_factor: f64,
    /// Whether momentum goes from 0.95 to 0.85 and back.
    #[serde(default = "default_cycle_momentum")]
    pub cycle_momentum: bool,
}

fn default_rise() -> f64 {
    0.3
}
fn default_div_factor() -> f64 {
    25.0
}
fn default_final_div_factor() -> f64 {
    1e4
}
fn default_cycle_momentum() -> bool {
    true
}

/// What a step is made with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// The learning rate.
    pub rate: f64,
    /// The momentum, where the schedule moves it.
    pub momentum: Option<f64>,
}

/// Where in a phase a step is; all counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The step.
    pub step: usize,
    /// Steps of the phase.
    pub steps: usize,
    /// The pass over the images.
    pub pass: usize,
}

impl Schedule {
    /// What a step is made with, where `rate` is the learning rate that the study names.
    pub fn at(&self, at: Moment, rate: f64) -> Pace {
        let (step, steps, pass) = (at.step as f64, at.steps as f64, at.pass as f64);
        let factor = match self {
            Schedule::Constant => 1.0,
            Schedule::LinearDecay { constant, decay } => linear_decay(pass, f64::from(*constant), f64::from(*decay)),
            Schedule::Cosine { least } => between(1.0, *least, step / steps),
            Schedule::Step { every, factor } => math::pow(*factor, (pass / f64::from(*every)).floor()),
            Schedule::OneCycle(c) => return c.at(step, steps, rate),
        };
        Pace { rate: rate * factor, momentum: None }
    }
    /// Finds parameters that make no sense; `path` is where this stands below `with:`.
    pub fn check(&self, path: &str) -> Vec<BadParameter> {
        let unless = |fine, name: &str, why| BadParameter::unless(fine, &format!("{path}.{name}"), why);
        match self {
            Schedule::Constant => vec![],
            Schedule::LinearDecay { constant, decay } => unless(constant + decay > 0, "linear-decay", "needs at least one pass"),
            Schedule::Cosine { least } => unless((0.0..1.0).contains(least), "cosine.least", "must be at least 0 and below 1"),
            Schedule::Step { every, factor } => [
                unless(*every >= 1, "step.every", "must be at least 1"),
                unless(*factor > 0.0 && *factor <= 1.0, "step.factor", "must be above 0 and at most 1"),
            ]
            .concat(),
            Schedule::OneCycle(c) => [
                unless(c.rise > 0.0 && c.rise < 1.0, "one-cycle.rise", "must be above 0 and below 1"),
                unless(c.div_factor >= 1.0 && c.div_factor.is_finite(), "one-cycle.div_factor", "must be at least 1"),
                unless(c.final_div_factor >= 1.0 && c.final_div_factor.is_finite(), "one-cycle.final_div_factor", "must be at least 1"),
            ]
            .concat(),
        }
    }
}

/// The factor in pass `pass`, counted from 0: 1 for `constant` passes, then down to nothing over `decay` (Zhu et al. 2017).
pub fn linear_decay(pass: f64, constant: f64, decay: f64) -> f64 {
    (1.0 - (pass + 1.0 - constant).max(0.0) / (decay + 1.0)).max(0.0)
}

impl OneCycle {
    fn at(&self, step: f64, steps: f64, most: f64) -> Pace {
        let first = most / self.div_factor;
        // Of a phase of a few steps, little is left to go up and down in.
        let top = (self.rise * steps - 1.0).max(0.0);
        let end = (steps - 1.0).max(top + 1.0);
        let (rate, momentum) = match step < top {
            true => (between(first, most, step / top), between(0.95, 0.85, step / top)),
            false => {
                let share = (step - top) / (end - top);
                (between(most, first / self.final_div_factor, share), between(0.85, 0.95, share))
            }
        };
        Pace { rate, momentum: self.cycle_momentum.then_some(momentum) }
    }
}

/// From one number to another along half a cosine.
fn between(from: f64, to: f64, share: f64) -> f64 {
    to + (from - to) / 2.0 * (1.0 + math::cos(std::f64::consts::PI * share))
}

/// Cuts the rate where a loss stops falling: `ReduceLROnPlateau` with a relative threshold of 1e-4.
#[derive(Debug, Clone, PartialEq)]
pub struct Plateau {
    /// What remains after a cut.
    pub factor: f64,
    /// Passes without improvement that are borne.
    pub patience: u32,
    /// No rate is lower.
    pub least: f64,
    best: f64,
    waited: u32,
}

impl Plateau {
    /// Nothing was observed yet.
    pub fn new(factor: f64, patience: u32, least: f64) -> Self {
        Plateau { factor, patience, least, best: f64::INFINITY, waited: 0 }
    }
    /// The rate after a pass with this loss.
    pub fn observe(&mut self, loss: f64, rate: f64) -> f64 {
        if loss < self.best * (1.0 - 1e-4) {
            (self.best, self.waited) = (loss, 0);
        } else {
            self.waited += 1;
        }
        if self.waited <= self.patience {
            return rate;
        }
        self.waited = 0;
        let lower = (rate * self.factor).max(self.least);
        // A cut that changes nothing that counts is not made.
        if rate - lower > 1e-8 { lower } else { rate }
    }
}

/// Ends training where a loss stops falling.
#[derive(Debug, Clone, PartialEq)]
pub struct EarlyStop {
    /// By how much a loss must fall to count.
    pub min_delta: f64,
    /// Passes without improvement after which training ends.
    pub patience: u32,
    best: f64,
    waited: u32,
}

/// What a pass means for [`EarlyStop`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The best so far: these weights are worth keeping.
    Better,
    /// No better, but there is patience left.
    Wait,
    /// Training ends.
    Stop,
}

impl EarlyStop {
    /// Nothing was observed yet.
    pub fn new(min_delta: f64, patience: u32) -> Self {
        EarlyStop { min_delta, patience, best: f64::INFINITY, waited: 0 }
    }
    /// What a pass with this loss means.
    pub fn observe(&mut self, loss: f64) -> Verdict {
        if loss + self.min_delta < self.best {
            (self.best, self.waited) = (loss, 0);
            return Verdict::Better;
        }
        self.waited += 1;
        if self.waited >= self.patience { Verdict::Stop } else { Verdict::Wait }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// Every step of every schedule is torch's (`tests/oracle/schedules.py`).
    #[test]
    fn schedules_are_torchs() {
        let text = include_str!("../../tests/oracle/schedules.json");
        let known: BTreeMap<String, Vec<[f64; 2]>> = serde_json::from_str(text).unwrap();
        let cycle = |div_factor, cycle_momentum| Schedule::OneCycle(OneCycle { rise: 0.3, div_factor, final_div_factor: 1e4, cycle_momentum });
        let all = [
            ("constant", 50, Schedule::Constant),
            ("linear-decay", 50, Schedule::LinearDecay { constant: 20, decay: 30 }),
            ("cosine", 50, Schedule::Cosine { least: 0.1 }),
            ("step", 50, Schedule::Step { every: 7, factor: 0.3 }),
            ("one-cycle", 50, cycle(25.0, true)),
            ("one-cycle-six", 53, cycle(6.0, false)),
        ];
        let mut compared = 0;
        for (name, steps, schedule) in all {
            for (step, [rate, momentum]) in known[name].iter().enumerate() {
                let pace = schedule.at(Moment { step, steps, pass: step }, 6e-3);
                assert!((pace.rate - rate).abs() <= 1e-6 * 6e-3, "{name} {step}: {} for {rate}", pace.rate);
                if let Some(found) = pace.momentum {
                    assert!((found - momentum).abs() <= 1e-6, "{name} {step}: {found} for {momentum}");
                }
                compared += 1;
            }
        }
        assert_eq!(compared, 300 + 3);
        let mut plateau = Plateau::new(0.1, 2, 1e-6);
        let mut rate = 6e-3;
        for (step, [expected, loss]) in known["plateau"].iter().enumerate() {
            rate = plateau.observe(*loss, rate);
            assert!((rate - expected).abs() <= 1e-6 * 6e-3, "plateau {step}: {rate} for {expected}");
        }
    }

    #[test]
    fn losses_that_are_no_numbers_are_never_better_and_end_a_training_all_the_same() {
        for odd in [f64::NAN, f64::INFINITY] {
            let (mut stop, mut plateau) = (EarlyStop::new(0.0, 2), Plateau::new(0.1, 0, 1e-8));
            assert_eq!([odd, 1.0, odd, odd].map(|loss| stop.observe(loss)), [Verdict::Wait, Verdict::Better, Verdict::Wait, Verdict::Stop]);
            assert!((0..50).fold(0.1, |rate, _| plateau.observe(odd, rate)) >= 1e-8);
        }
        let mut stop = EarlyStop::new(0.0, 2);
        assert_eq!([0.0, -0.0, f64::NEG_INFINITY].map(|loss| stop.observe(loss)), [Verdict::Better, Verdict::Wait, Verdict::Better]);
    }

    #[test]
    fn factors_beyond_all_bounds_are_refused_or_give_finite_rates() {
        let at = Moment { step: 3, steps: 9, pass: 1 };
        for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 0.0] {
            let cycle = |div_factor, final_div_factor, rise| Schedule::OneCycle(OneCycle { rise, div_factor, final_div_factor, cycle_momentum: true });
            let all =
                [Schedule::Cosine { least: odd }, Schedule::Step { every: 1, factor: odd }, cycle(odd, 1e4, 0.3), cycle(25.0, odd, 0.3), cycle(25.0, 1e4, odd)];
            for schedule in all {
                assert!(!schedule.check("schedule").is_empty() || schedule.at(at, 0.1).rate.is_finite(), "{schedule:?}");
            }
        }
    }

    #[test]
    fn a_cycle_of_a_few_steps_is_one() {
        let cycle: Schedule = serde_json::from_str(r#"{"one-cycle": {}}"#).unwrap();
        for steps in 1..9 {
            let rates: Vec<f64> = (0..steps).map(|step| cycle.at(Moment { step, steps, pass: 0 }, 1.0).rate).collect();
            assert!(rates.iter().all(|r| (0.0..=1.0).contains(r)), "{rates:?}");
        }
    }

    #[test]
    fn training_stops_where_nothing_gets_better() {
        let mut stop = EarlyStop::new(0.01, 2);
        let verdicts: Vec<Verdict> = [1.0, 0.5, 0.495, 0.48, 0.49, 0.48].into_iter().map(|l| stop.observe(l)).collect();
        use Verdict::*;
        assert_eq!(verdicts, [Better, Better, Wait, Better, Wait, Stop]);
    }
}
