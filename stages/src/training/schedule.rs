//! Learning rates over steps, as `torch.optim.lr_scheduler` has them, and when to stop. Numbers only: ignorant of tensors.

use crate::contract::prelude::*;

/// How the learning rate goes on. What a step is, a batch or a pass over the films, says who asks.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Schedule {
    /// Always the same.
    #[default]
    Constant,
    /// The same for `constant` steps, then down to nothing over `decay` (Zhu et al. 2017).
    LinearDecay {
        /// Steps at the full rate.
        constant: u32,
        /// Steps on the way down.
        decay: u32,
    },
    /// Down along half a cosine over `steps`.
    Cosine {
        /// Steps of the half cosine.
        steps: u32,
        /// Where it ends, as a share of the rate.
        least: f64,
    },
    /// Multiplied by `factor` every `every` steps.
    Step {
        /// Steps between two cuts.
        every: u32,
        /// What remains after one.
        factor: f64,
    },
    /// Up and down once along cosines (Smith & Topin 2018); the rate is the highest. Momentum, beta1 of Adam, goes the other way.
    OneCycle(OneCycle),
}

/// The numbers of [`Schedule::OneCycle`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OneCycle {
    /// Steps in all.
    pub steps: u32,
    /// The share of them on the way up.
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

impl Schedule {
    /// What step `step`, counted from 0, is made with, where `rate` is the learning rate that the study names.
    pub fn at(&self, step: u32, rate: f64) -> Pace {
        let at = f64::from(step);
        let factor = match self {
            Schedule::Constant => 1.0,
            Schedule::LinearDecay { constant, decay } => 1.0 - (at + 1.0 - f64::from(*constant)).max(0.0) / (f64::from(*decay) + 1.0),
            Schedule::Cosine { steps, least } => between(1.0, *least, at / f64::from(*steps)),
            Schedule::Step { every, factor } => factor.powi(i32::try_from(step / every.max(&1)).unwrap_or(i32::MAX)),
            Schedule::OneCycle(c) => return c.at(at, rate),
        };
        Pace { rate: rate * factor, momentum: None }
    }
}

impl OneCycle {
    fn at(&self, step: f64, most: f64) -> Pace {
        let first = most / self.div_factor;
        let (top, end) = (self.rise * f64::from(self.steps) - 1.0, f64::from(self.steps) - 1.0);
        let (rate, momentum) = match step <= top {
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
    to + (from - to) / 2.0 * (1.0 + (std::f64::consts::PI * share).cos())
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
        let cycle = |steps, div_factor, cycle_momentum| Schedule::OneCycle(OneCycle { steps, rise: 0.3, div_factor, final_div_factor: 1e4, cycle_momentum });
        let all = [
            ("constant", Schedule::Constant),
            ("linear-decay", Schedule::LinearDecay { constant: 20, decay: 30 }),
            ("cosine", Schedule::Cosine { steps: 50, least: 0.1 }),
            ("step", Schedule::Step { every: 7, factor: 0.3 }),
            ("one-cycle", cycle(50, 25.0, true)),
            ("one-cycle-six", cycle(53, 6.0, false)),
        ];
        let mut compared = 0;
        for (name, schedule) in all {
            for (step, [rate, momentum]) in known[name].iter().enumerate() {
                let pace = schedule.at(step as u32, 6e-3);
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
    fn training_stops_where_nothing_gets_better() {
        let mut stop = EarlyStop::new(0.01, 2);
        let verdicts: Vec<Verdict> = [1.0, 0.5, 0.495, 0.48, 0.49, 0.48].into_iter().map(|l| stop.observe(l)).collect();
        use Verdict::*;
        assert_eq!(verdicts, [Better, Better, Wait, Better, Wait, Stop]);
    }
}
