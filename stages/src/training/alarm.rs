//! Early signs that an adversarial training has failed: the discriminator has won, or the generator has collapsed to
//! one image. Independent of networks: sees scores and images.

use crate::contract::prelude::*;

/// Monitors a training, and gives each warning once.
#[derive(Debug, Clone, PartialEq)]
pub struct Alarm {
    /// Mean difference between real images, of which fake ones should reach a share.
    real: f64,
    /// Running mean of the difference between scores of real and fake images; 1 is a perfect discriminator.
    margin: f64,
    /// Consecutive comparisons at which fake images were alike.
    alike: u32,
    said: [bool; 2],
}

/// For checkpoints: numbers with fractions as bits.
#[derive(Debug, Serialize, Deserialize)]
pub struct AlarmState {
    margin: u64,
    alike: u32,
    said: [bool; 2],
}

/// The margin is a mean over about this many steps.
const MEMORY: f64 = 100.0;
/// A margin above this leaves a generator little to learn from.
const WON: f64 = 0.95;
/// Fake images whose difference is below this share of that of real images are alike.
const ALIKE: f64 = 0.2;
/// Steps before which images are not compared.
const EARLY: usize = 500;
/// Comparisons in a training, and the minimum number of steps between two of them, since generating images takes time.
const COMPARISONS: usize = 24;
const MIN_INTERVAL: usize = 100;
/// Maximum number of fake images, and of real ones, in a comparison.
const COMPARED: usize = 16;

impl Alarm {
    /// For a training on these images.
    pub fn new(real: &[&[u8]]) -> Alarm {
        let step = real.len().div_ceil(COMPARED).max(1);
        Alarm { real: difference(&real.iter().step_by(step).copied().collect::<Vec<_>>()), margin: 0.0, alike: 0, said: [false; 2] }
    }

    /// After a step: receives the mean scores of real and fake images.
    pub fn scored(&mut self, step: usize, on_real: f64, on_fake: f64) -> Option<String> {
        self.margin += ((on_real - on_fake) - self.margin) / MEMORY;
        // A margin that is NaN has not won.
        if self.margin.is_nan() || self.margin < WON || std::mem::replace(&mut self.said[0], true) {
            return None;
        }
        Some(format!(
            "at step {step} the discriminator tells real from fake images almost perfectly, so that the generator learns little from it; \
             more dropout or augmentation, a smaller discriminator or a lower `optimiser.learning_rate` may help"
        ))
    }

    /// Whether images are to be compared after a step.
    pub fn compares(&self, step: usize, steps: usize) -> bool {
        self.real > 0.0 && step >= EARLY && step.is_multiple_of((steps / COMPARISONS).max(MIN_INTERVAL))
    }

    /// Receives fake images, which should differ from each other.
    pub fn compared(&mut self, step: usize, fake: &[Vec<u8>]) -> Option<String> {
        let images: Vec<&[u8]> = fake.iter().take(COMPARED).map(Vec::as_slice).collect();
        let share = difference(&images) / self.real;
        self.alike = if images.len() > 1 && share < ALIKE { self.alike + 1 } else { 0 };
        if self.alike < 3 || std::mem::replace(&mut self.said[1], true) {
            return None;
        }
        Some(format!(
            "at step {step} generated images differ from each other by only {:.0} % of the difference between real images: the generator may have collapsed; \
             a lower `optimiser.learning_rate`, a larger `batch` or more images may help",
            share * 100.0
        ))
    }

    /// The state, for a checkpoint.
    pub fn state(&self) -> AlarmState {
        AlarmState { margin: self.margin.to_bits(), alike: self.alike, said: self.said }
    }
    /// Restores the state.
    pub fn restore(&mut self, state: &AlarmState) {
        (self.margin, self.alike, self.said) = (f64::from_bits(state.margin), state.alike, state.said);
    }
}

/// The mean absolute difference of pixels between two images, over all pairs; zero for a single image.
fn difference(images: &[&[u8]]) -> f64 {
    let (mut sum, mut pairs) = (0u64, 0u64);
    for (i, a) in images.iter().enumerate() {
        for b in &images[i + 1..] {
            sum += a.iter().zip(*b).map(|(a, b)| u64::from(a.abs_diff(*b))).sum::<u64>();
            pairs += a.len() as u64;
        }
    }
    sum as f64 / pairs.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn images(spread: usize) -> Vec<Vec<u8>> {
        (0..8).map(|i| vec![(100 + i * spread) as u8; 64]).collect()
    }
    fn alarm() -> Alarm {
        let real = images(10);
        Alarm::new(&real.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }

    #[test]
    fn images_that_stay_alike_are_reported_once() {
        let mut a = alarm();
        let said: Vec<bool> = [0, 0, 10, 1, 1, 1, 1].into_iter().enumerate().map(|(i, spread)| a.compared(500 * i, &images(spread)).is_some()).collect();
        assert_eq!(said, [false, false, false, false, false, true, false]);
    }

    #[test]
    fn images_are_looked_at_often_enough_to_be_early_and_seldom_enough_to_be_cheap() {
        let compared = |a: &Alarm, steps: usize| (1..=steps).filter(|s| a.compares(*s, steps)).collect::<Vec<_>>();
        // Early images are grey and alike in every training.
        assert!(compared(&alarm(), 499).is_empty());
        assert_eq!(compared(&alarm(), 800), [500, 600, 700, 800]);
        let long = compared(&alarm(), 24_000);
        assert_eq!((long.len(), long[0]), (24, 1000));
        let single = Alarm::new(&[&[1, 2, 3]]);
        assert!(compared(&single, 9000).is_empty(), "one real image says nothing about variety");
    }

    #[test]
    fn a_discriminator_without_fault_is_reported_across_a_restart() {
        let mut a = alarm();
        assert!((0..290).all(|s| a.scored(s, 1.0, 0.0).is_none()));
        let mut b = alarm();
        b.restore(&a.state());
        let said = |alarm: &mut Alarm| (290..400).filter(|s| alarm.scored(*s, 1.0, 0.0).is_some()).collect::<Vec<_>>();
        let found = said(&mut a);
        assert_eq!(found.len(), 1);
        assert_eq!(said(&mut b), found);
        let mut fair = alarm();
        assert!((0..5000).all(|s| fair.scored(s, 0.8, 0.2).is_none()));
    }

    #[test]
    fn scores_that_are_not_numbers_and_empty_samples_raise_no_alarm() {
        for odd in [f64::NAN, f64::NEG_INFINITY] {
            let mut a = alarm();
            assert!((0..400).all(|s| a.scored(s, odd, 0.0).is_none()), "{odd}");
        }
        let mut a = Alarm::new(&[]);
        assert!(!a.compares(900, 900));
        assert!((0..5).all(|s| a.compared(s, &[]).is_none() && a.compared(s, &images(0)).is_none()));
    }
}
