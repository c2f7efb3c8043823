//! Monitoring of the validation loss: the learning rate is reduced, training stops, and the best weights are kept.

use super::schedule::{EarlyStop, Plateau, Threshold, Verdict};
use crate::contract::prelude::*;

/// Stops training when the validation loss stops improving; the weights of the best epoch are kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EarlyStopParameters {
    /// Epochs without improvement after which training stops.
    pub patience: Count,
    /// The minimum decrease of the loss that counts as an improvement.
    pub min_delta: NonNegative,
}

impl Default for EarlyStopParameters {
    fn default() -> Self {
        EarlyStopParameters { patience: Count::of(8), min_delta: NonNegative::of(0.0) }
    }
}

/// Reduces the learning rate when the validation loss stops improving.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PlateauParameters {
    /// Factor of a reduction.
    pub factor: InnerShare,
    /// Epochs without improvement that are tolerated.
    pub patience: u32,
    /// The minimum learning rate.
    pub min_lr: NonNegative,
    /// By how much the loss must fall to be an improvement; by default by 1e-4 of the lowest.
    #[serde(skip_serializing_if = "Threshold::is_default")]
    pub threshold: Threshold,
}

impl Default for PlateauParameters {
    fn default() -> Self {
        PlateauParameters { factor: InnerShare::of(0.1), patience: 5, min_lr: NonNegative::of(1e-8), threshold: Threshold::default() }
    }
}

/// Early stopping and plateau, given the validation losses so far.
pub struct Watch {
    stop: Option<EarlyStop>,
    plateau: Option<Plateau>,
    /// The learning rate from now on.
    pub rate: f64,
    losses: Vec<f64>,
}

impl Watch {
    /// In its initial state.
    pub fn new(stop: Option<&EarlyStopParameters>, plateau: Option<&PlateauParameters>, rate: f64) -> Watch {
        let stop = stop.map(|p| EarlyStop::new(*p.min_delta, *p.patience));
        Watch { stop, plateau: plateau.map(|p| Plateau::new(*p.factor, p.patience, *p.min_lr, p.threshold)), rate, losses: vec![] }
    }
    /// The result of an epoch with this validation loss. Without early stopping, it has none.
    pub fn observe(&mut self, loss: f64) -> Verdict {
        self.losses.push(loss);
        if let Some(plateau) = &mut self.plateau {
            self.rate = plateau.observe(loss, self.rate);
        }
        self.stop.as_mut().map_or(Verdict::Wait, |s| s.observe(loss))
    }
    /// All losses so far, to the last bit.
    pub fn history(&self) -> Vec<u64> {
        self.losses.iter().map(|l| l.to_bits()).collect()
    }
    /// Restores the state after these losses.
    pub fn replay(&mut self, history: &[u64]) {
        for bits in history {
            // What followed from these losses has been done.
            self.observe(f64::from_bits(*bits));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watch_goes_on_where_it_was() {
        let new = || {
            let stop = EarlyStopParameters { patience: Count::of(3), ..Default::default() };
            let plateau = PlateauParameters { factor: InnerShare::of(0.5), patience: 0, min_lr: NonNegative::of(0.0), threshold: Threshold::default() };
            Watch::new(Some(&stop), Some(&plateau), 0.1)
        };
        let losses = [1.0, 0.7, 0.1 + 0.2, 0.3, 0.31, 0.29, 0.4, 0.5, 0.6];
        let mut whole = new();
        let verdicts: Vec<Verdict> = losses.iter().map(|l| whole.observe(*l)).collect();
        assert_eq!(verdicts.last(), Some(&Verdict::Stop));
        assert!((whole.rate - 0.1 * 0.5f64.powi(5)).abs() < 1e-12, "{}", whole.rate);
        for cut in 0..losses.len() {
            let mut before = new();
            for (loss, verdict) in losses[..cut].iter().zip(&verdicts) {
                assert_eq!(before.observe(*loss), *verdict);
            }
            let mut after = new();
            after.replay(&before.history());
            let rest: Vec<Verdict> = losses[cut..].iter().map(|l| after.observe(*l)).collect();
            assert_eq!((rest.as_slice(), after.rate), (&verdicts[cut..], whole.rate));
        }
    }
}
