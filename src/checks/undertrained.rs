//! Trainings that end while their loss still falls: what they are compared for may be how fast they learn. Independent of networks.

use super::{CheckInput, CheckResult};
use crate::pipeline::model::{Stage, StageId};
use hilum_stages::records::History;

/// Fewer epochs tell no trend.
const FEW: usize = 8;
/// How much of the whole fall of the loss the last fifth of a training may have, in excess of the fifth before.
const FALLING: f64 = 0.1;
/// A loss that has fallen by less than this part of what it was at first has not fallen.
const FLAT: f64 = 0.05;

/// Trainings of classifiers whose loss still falls when they end.
pub(super) fn falling(look: &CheckInput) -> Vec<CheckResult> {
    let of = |(id, stage): (StageId, &Stage)| {
        stage.kind.output("weights")?;
        // Whether a training that watches validation images goes on is decided by these.
        if !stage.parameters["early_stop"].is_null() || stage.parameters["keep"] == "best" {
            return None;
        }
        let losses: Vec<f64> = look.record::<History>(id, "history")?.curve("loss")?.into_iter().map(|(_, loss)| loss).collect();
        let (label, message) = match trend(&losses)? {
            Trend::Falling(part) => (
                "still learning".to_owned(),
                format!(
                    "the training loss of `{}` still falls when it ends: {:.0} % of its whole fall are in the last fifth of the training",
                    stage.base,
                    100.0 * part
                ),
            ),
            Trend::Flat(first, last) => (
                "has not learned".to_owned(),
                format!("the training loss of `{}` has hardly fallen: {first:.3} in the first epoch, {last:.3} in the last", stage.base),
            ),
        };
        Some(CheckResult {
            stage: id,
            at: stage.places.name,
            label,
            message,
            notes: vec!["arms that learn at different rates are then compared for their rates".into()],
            help: "train for more steps, or with a larger learning rate",
            count: losses.len() as u64,
            unit: "epochs",
            path: vec![],
        })
    };
    look.p.stages.pairs().filter_map(of).collect()
}

/// What a loss does at the end that should have settled.
#[derive(Debug, PartialEq)]
enum Trend {
    /// It still falls: the last fifth has this part of the whole fall.
    Falling(f64),
    /// It is at the end about what it was at first.
    Flat(f64, f64),
}

/// The trend of a loss, one number an epoch; none if it has settled, or cannot be told from noise.
fn trend(losses: &[f64]) -> Option<Trend> {
    let n = losses.len();
    if n < FEW {
        return None;
    }
    let fifth = (n / 5).max(2);
    let mean = |of: &[f64]| of.iter().sum::<f64>() / of.len() as f64;
    let (before, last) = (mean(&losses[n - 2 * fifth..n - fifth]), mean(&losses[n - fifth..]));
    let (first, whole) = (losses[0], losses[0] - last);
    if whole < FLAT * first {
        return Some(Trend::Flat(first, last));
    }
    // Second differences know nothing of a trend: what is left is noise, of six times its variance.
    let end = &losses[n - 2 * fifth..];
    let noise = mean(&end.windows(3).map(|w| (w[0] - 2.0 * w[1] + w[2]) * (w[0] - 2.0 * w[1] + w[2])).collect::<Vec<_>>()) / 6.0;
    let error = (2.0 * noise / fifth as f64).sqrt();
    let part = (before - last) / whole;
    (part > FALLING && before - last > 2.0 * error).then_some(Trend::Falling(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(n: usize, of: impl Fn(f64) -> f64) -> Option<Trend> {
        trend(&(0..n).map(|i| of(i as f64 / n as f64)).collect::<Vec<_>>())
    }

    #[test]
    fn a_loss_that_has_settled_is_told_from_one_that_falls() {
        let settles = |rate: f64| move |t: f64| 0.1 + 0.6 * f64::exp(-rate * t);
        for n in [8, 10, 25, 100] {
            assert_eq!(curve(n, settles(5.0)), None, "{n} epochs: five times its time constant");
            assert!(matches!(curve(n, settles(1.0)), Some(Trend::Falling(part)) if part > 0.1), "{n} epochs: once");
            assert!(matches!(curve(n, |t| 0.7 - 0.5 * t), Some(Trend::Falling(_))), "{n} epochs: a straight line");
            assert!(matches!(curve(n, |t| 0.7 - 0.005 * t), Some(Trend::Flat(..))), "{n} epochs: nothing happens");
            assert!(matches!(curve(n, |t| 0.7 + t), Some(Trend::Flat(..))), "{n} epochs: it rises");
        }
        assert_eq!(curve(7, |t| 0.7 - 0.5 * t), None, "too few to tell");
    }

    #[test]
    fn noise_is_no_fall() {
        let noisy = |i: f64| if ((i * 25.0) as usize).is_multiple_of(2) { 0.06 } else { -0.06 };
        assert_eq!(curve(25, |t| 0.3 + 0.4 * f64::exp(-6.0 * t) + noisy(t)), None);
    }
}
