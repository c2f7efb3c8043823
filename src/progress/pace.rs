//! How fast a stage is, and how long it will take at that pace.

use std::time::{Duration, Instant};

/// The pace of a stage since its first report: a resumed training starts in the middle.
#[derive(Default)]
pub(super) struct Pace(Option<(Instant, u64)>);

impl Pace {
    /// Records progress; returns the estimated time left, if known.
    pub(super) fn left(&mut self, done: u64, total: u64) -> Option<Duration> {
        let (since, before) = *self.0.get_or_insert_with(|| (Instant::now(), done));
        left(since.elapsed(), before, done, total)
    }
}

fn left(elapsed: Duration, before: u64, done: u64, total: u64) -> Option<Duration> {
    let steps = done.checked_sub(before).filter(|n| *n > 0 && done < total)?;
    Some(elapsed.div_f64(steps as f64).mul_f64(total.saturating_sub(done) as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_is_that_of_the_steps_that_were_seen() {
        let at = |done| left(Duration::from_secs(10), 100, done, 200);
        assert_eq!(at(150), Some(Duration::from_secs(10)));
        assert_eq!(at(180), Some(Duration::from_millis(2500)));
        assert_eq!((at(100), at(50), at(200)), (None, None, None));
    }
}
