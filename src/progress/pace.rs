//! How fast a stage is, and how long it will take at that pace.

use hilum_stages::contract::context::Progress;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// The pace of a stage since its first report of each unit: a resumed training starts in the middle, and one that is watched counts
/// images between its steps.
#[derive(Default)]
pub(super) struct Pace(HashMap<String, Since>);

/// When counting began, and with what.
struct Since {
    when: Instant,
    before: u64,
    last: u64,
}

impl Pace {
    /// Records progress; returns the estimated time left, if known.
    pub(super) fn left(&mut self, progress: &Progress) -> Option<Duration> {
        let begins = || Since { when: Instant::now(), before: progress.done, last: progress.done };
        let since = self.0.entry(progress.unit.clone()).or_insert_with(begins);
        if progress.done < since.last {
            *since = begins();
        }
        since.last = progress.done;
        left(since.when.elapsed(), since.before, progress.done, progress.total)
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

    #[test]
    fn images_between_steps_do_not_count_as_steps() {
        let mut pace = Pace::default();
        let mut is_known = |unit: &str, done| pace.left(&Progress { done, total: 900, unit: unit.into(), values: vec![] }).is_some();
        assert!(!is_known("step", 500) && is_known("step", 501));
        assert!(!is_known("image", 30) && is_known("image", 60), "counted on its own");
        assert!(is_known("step", 502), "goes on where it was");
        assert!(!is_known("image", 30), "counted from the beginning again");
    }
}
