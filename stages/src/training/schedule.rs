//! Learning rate schedules as in `torch.optim.lr_scheduler`, and early stopping. Numbers only: independent of tensors.

use crate::contract::prelude::*;
use crate::math;

/// The learning rate schedule of a phase.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Schedule {
    /// Constant.
    #[default]
    Constant,
    /// Constant for `constant` epochs, then a linear decay to zero over `decay` epochs (Zhu et al. 2017).
    LinearDecay {
        /// Epochs at the full learning rate.
        constant: u32,
        /// Epochs of decay.
        decay: u32,
    },
    /// Cosine annealing with every step.
    Cosine {
        /// The minimum (`eta_min` in PyTorch), as a share of the learning rate.
        #[serde(default = "default_eta_min_factor")]
        eta_min_factor: PartialShare,
    },
    /// Multiplied by `factor` every `every` epochs.
    Step {
        /// Epochs between two reductions.
        every: Count,
        /// Factor of a reduction.
        factor: Reduction,
    },
    /// The 1cycle policy with cosine annealing (Smith & Topin 2018); the learning rate is the maximum. Momentum (beta1
    /// in Adam) is cycled inversely.
    OneCycle(OneCycle),
}

/// Parameters of the 1cycle policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OneCycle {
    /// Share of the steps in which the learning rate rises (`pct_start` in PyTorch).
    #[serde(default = "default_pct_start")]
    pub pct_start: InnerShare,
    /// Maximum learning rate divided by the initial one.
    #[serde(default = "default_div_factor")]
    pub div_factor: Multiple,
    /// Initial learning rate divided by the final one.
    #[serde(default = "default_final_div_factor")]
    pub final_div_factor: Multiple,
    /// Whether momentum is cycled from 0.95 to 0.85 and back.
    #[serde(default = "default_cycle_momentum")]
    pub cycle_momentum: bool,
}

fn default_eta_min_factor() -> PartialShare {
    PartialShare::of(0.0)
}
fn default_pct_start() -> InnerShare {
    InnerShare::of(0.3)
}
fn default_div_factor() -> Multiple {
    Multiple::of(25.0)
}
fn default_final_div_factor() -> Multiple {
    Multiple::of(1e4)
}
fn default_cycle_momentum() -> bool {
    true
}

/// Learning rate and momentum of a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// The learning rate.
    pub rate: f64,
    /// The momentum, if the schedule changes it.
    pub momentum: Option<f64>,
}

/// The position of a step in a phase; all counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The step.
    pub step: usize,
    /// Steps of the phase.
    pub steps: usize,
    /// The epoch.
    pub epoch: usize,
}

impl Schedule {
    /// Learning rate and momentum of a step; `rate` is the learning rate in the study.
    pub fn at(&self, at: Position, rate: f64) -> Pace {
        let (step, steps, epoch) = (at.step as f64, at.steps as f64, at.epoch as f64);
        let factor = match self {
            Schedule::Constant => 1.0,
            Schedule::LinearDecay { constant, decay } => linear_decay(epoch, f64::from(*constant), f64::from(*decay)),
            Schedule::Cosine { eta_min_factor } => between(1.0, **eta_min_factor, step / steps),
            Schedule::Step { every, factor } => math::pow(**factor, (epoch / f64::from(**every)).floor()),
            Schedule::OneCycle(c) => return c.at(step, steps, rate),
        };
        Pace { rate: rate * factor, momentum: None }
    }
    /// Finds invalid parameters; `path` is the location of this below `with:`.
    pub fn check(&self, path: &str) -> Vec<BadParameter> {
        let is_empty = matches!(self, Schedule::LinearDecay { constant: 0, decay: 0 });
        BadParameter::unless(!is_empty, &format!("{path}.linear-decay"), "needs at least one epoch")
    }
}

/// The factor in an epoch, counted from 0: 1 for `constant` epochs, then a linear decay to zero over `decay` (Zhu et
/// al. 2017).
pub fn linear_decay(epoch: f64, constant: f64, decay: f64) -> f64 {
    (1.0 - (epoch + 1.0 - constant).max(0.0) / (decay + 1.0)).max(0.0)
}

impl OneCycle {
    fn at(&self, step: f64, steps: f64, most: f64) -> Pace {
        let first = most / *self.div_factor;
        // A phase of a few steps leaves little room to rise and fall.
        let top = (*self.pct_start * steps - 1.0).max(0.0);
        let end = (steps - 1.0).max(top + 1.0);
        let (rate, momentum) = match step < top {
            true => (between(first, most, step / top), between(0.95, 0.85, step / top)),
            false => {
                let share = (step - top) / (end - top);
                (between(most, first / *self.final_div_factor, share), between(0.85, 0.95, share))
            }
        };
        Pace { rate, momentum: self.cycle_momentum.then_some(momentum) }
    }
}

/// Cosine interpolation between two numbers.
fn between(from: f64, to: f64, share: f64) -> f64 {
    to + (from - to) / 2.0 * (1.0 + math::cos(std::f64::consts::PI * share))
}

/// By how much a loss must fall to be an improvement.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Threshold {
    /// By this share of the lowest loss, as in PyTorch.
    Relative(NonNegative),
    /// By this much, as in Keras, where it is 1e-4. Keras reduces after `patience` epochs, PyTorch and hilum after one more.
    Absolute(NonNegative),
}

impl Default for Threshold {
    fn default() -> Self {
        Threshold::Relative(NonNegative::of(1e-4))
    }
}

impl Threshold {
    /// True for the default.
    pub fn is_default(&self) -> bool {
        *self == Threshold::default()
    }
    fn improves(self, loss: f64, best: f64) -> bool {
        match self {
            // Nothing is a share of an infinite loss.
            _ if best == f64::INFINITY => loss < best,
            Threshold::Relative(share) => loss < best * (1.0 - *share),
            Threshold::Absolute(by) => loss < best - *by,
        }
    }
}

/// Reduces the learning rate when a loss stops improving: `ReduceLROnPlateau` of PyTorch, or of Keras with an absolute threshold.
#[derive(Debug, Clone, PartialEq)]
pub struct Plateau {
    /// Factor of a reduction.
    pub factor: f64,
    /// Epochs without improvement that are tolerated.
    pub patience: u32,
    /// The minimum learning rate.
    pub min_lr: f64,
    /// What an improvement is.
    pub threshold: Threshold,
    best: f64,
    waited: u32,
}

impl Plateau {
    /// In its initial state.
    pub fn new(factor: f64, patience: u32, min_lr: f64, threshold: Threshold) -> Self {
        Plateau { factor, patience, min_lr, threshold, best: f64::INFINITY, waited: 0 }
    }
    /// The learning rate after an epoch with this loss.
    pub fn observe(&mut self, loss: f64, rate: f64) -> f64 {
        if self.threshold.improves(loss, self.best) {
            (self.best, self.waited) = (loss, 0);
        } else {
            self.waited += 1;
        }
        if self.waited <= self.patience {
            return rate;
        }
        self.waited = 0;
        let lower = (rate * self.factor).max(self.min_lr);
        // A reduction of less than the threshold is not made.
        if rate - lower > 1e-8 { lower } else { rate }
    }
}

/// Stops training when a loss stops improving.
#[derive(Debug, Clone, PartialEq)]
pub struct EarlyStop {
    /// The minimum decrease of the loss that counts as an improvement.
    pub min_delta: f64,
    /// Epochs without improvement after which training stops.
    pub patience: u32,
    best: f64,
    waited: u32,
}

/// The result of an epoch for [`EarlyStop`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The best so far: these weights are kept.
    Better,
    /// No improvement, but patience is left.
    Wait,
    /// Training stops.
    Stop,
}

impl EarlyStop {
    /// In its initial state.
    pub fn new(min_delta: f64, patience: u32) -> Self {
        EarlyStop { min_delta, patience, best: f64::INFINITY, waited: 0 }
    }
    /// The result of an epoch with this loss.
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
        let cycle = |div_factor, cycle_momentum| {
            let div_factor = Multiple::of(div_factor);
            Schedule::OneCycle(OneCycle { pct_start: default_pct_start(), div_factor, final_div_factor: default_final_div_factor(), cycle_momentum })
        };
        let all = [
            ("constant", 50, Schedule::Constant),
            ("linear-decay", 50, Schedule::LinearDecay { constant: 20, decay: 30 }),
            ("cosine", 50, Schedule::Cosine { eta_min_factor: PartialShare::of(0.1) }),
            ("step", 50, Schedule::Step { every: Count::of(7), factor: Reduction::of(0.3) }),
            ("one-cycle", 50, cycle(25.0, true)),
            ("one-cycle-six", 53, cycle(6.0, false)),
        ];
        let mut compared = 0;
        for (name, steps, schedule) in all {
            for (step, [rate, momentum]) in known[name].iter().enumerate() {
                let pace = schedule.at(Position { step, steps, epoch: step }, 6e-3);
                assert!((pace.rate - rate).abs() <= 1e-6 * 6e-3, "{name} {step}: {} for {rate}", pace.rate);
                if let Some(found) = pace.momentum {
                    assert!((found - momentum).abs() <= 1e-6, "{name} {step}: {found} for {momentum}");
                }
                compared += 1;
            }
        }
        assert_eq!(compared, 300 + 3);
        let mut plateau = Plateau::new(0.1, 2, 1e-6, Threshold::default());
        let mut rate = 6e-3;
        for (step, [expected, loss]) in known["plateau"].iter().enumerate() {
            rate = plateau.observe(*loss, rate);
            assert!((rate - expected).abs() <= 1e-6 * 6e-3, "plateau {step}: {rate} for {expected}");
        }
    }

    #[test]
    fn an_absolute_threshold_does_not_care_how_large_the_loss_is() {
        // Losses fall by 2e-4 and 5e-5: for a loss of 10, less than a relative threshold; the second less than an absolute one.
        let reduced = |threshold: Threshold, losses: [f64; 2]| {
            let mut plateau = Plateau::new(0.1, 0, 0.0, threshold);
            losses.iter().fold(1.0, |rate, loss| plateau.observe(*loss, rate)) < 1.0
        };
        let absolute = Threshold::Absolute(NonNegative::of(1e-4));
        assert_eq!([reduced(Threshold::default(), [10.0, 10.0 - 2e-4]), reduced(absolute, [10.0, 10.0 - 2e-4])], [true, false]);
        assert_eq!([reduced(Threshold::default(), [0.1, 0.1 - 5e-5]), reduced(absolute, [0.1, 0.1 - 5e-5])], [false, true]);
    }

    #[test]
    fn losses_that_are_no_numbers_are_never_better_and_end_a_training_all_the_same() {
        for odd in [f64::NAN, f64::INFINITY] {
            let (mut stop, mut plateau) = (EarlyStop::new(0.0, 2), Plateau::new(0.1, 0, 1e-8, Threshold::default()));
            assert_eq!([odd, 1.0, odd, odd].map(|loss| stop.observe(loss)), [Verdict::Wait, Verdict::Better, Verdict::Wait, Verdict::Stop]);
            assert!((0..50).fold(0.1, |rate, _| plateau.observe(odd, rate)) >= 1e-8);
        }
        let mut stop = EarlyStop::new(0.0, 2);
        assert_eq!([0.0, -0.0, f64::NEG_INFINITY].map(|loss| stop.observe(loss)), [Verdict::Better, Verdict::Wait, Verdict::Better]);
    }

    #[test]
    fn factors_at_the_bounds_give_finite_rates() {
        let at = Position { step: 3, steps: 9, epoch: 1 };
        let limits = [f64::MIN_POSITIVE, 1.0 - f64::EPSILON, 1.0, f64::MAX];
        for pct_start in limits.iter().filter_map(|v| InnerShare::new(*v)) {
            for (div_factor, final_div_factor) in [(1.0, 1.0), (1.0, f64::MAX), (f64::MAX, 1.0), (f64::MAX, f64::MAX)] {
                let (div_factor, final_div_factor) = (Multiple::of(div_factor), Multiple::of(final_div_factor));
                let schedule = Schedule::OneCycle(OneCycle { pct_start, div_factor, final_div_factor, cycle_momentum: true });
                assert!(schedule.at(at, 0.1).rate.is_finite(), "{schedule:?}");
            }
        }
        assert!(limits.iter().filter_map(|v| Reduction::new(*v)).all(|factor| Schedule::Step { every: Count::of(1), factor }.at(at, 0.1).rate.is_finite()));
    }

    #[test]
    fn a_cycle_of_a_few_steps_is_one() {
        let cycle: Schedule = serde_json::from_str(r#"{"one-cycle": {}}"#).unwrap();
        for steps in 1..9 {
            let rates: Vec<f64> = (0..steps).map(|step| cycle.at(Position { step, steps, epoch: 0 }, 1.0).rate).collect();
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
