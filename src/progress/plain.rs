//! Plain lines: every event at once, progress now and then.

use super::remark;
use super::words;
use crate::run::event::{Event, Sink};
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Seconds between two lines of progress of one stage.
const PAUSE: Duration = Duration::from_secs(10);

#[derive(Default)]
pub(super) struct Plain {
    stages: Mutex<HashMap<String, Pace>>,
}

/// How fast a stage is.
struct Pace {
    /// When a line was printed.
    said: Instant,
    /// When it was first heard of its progress, and how far it was: a training that goes on begins in the middle.
    first: Option<(Instant, u64)>,
}

impl Pace {
    /// Time until all is done, at the pace so far.
    fn left(&self, done: u64, total: u64) -> Option<Duration> {
        let (since, before) = self.first?;
        let steps = done.checked_sub(before).filter(|n| *n > 0)?;
        Some(since.elapsed().div_f64(steps as f64).mul_f64(total.saturating_sub(done) as f64))
    }
}

impl Sink for Plain {
    fn hear(&self, event: &Event) {
        words::lines(event).iter().for_each(remark);
        let mut stages = self.stages.lock().expect("BUG: poisoned");
        match event {
            Event::Begun { stage, .. } => drop(stages.insert(stage.clone(), Pace { said: Instant::now(), first: None })),
            Event::Progress { stage, progress } => {
                let Some(pace) = stages.get_mut(stage) else { return };
                pace.first.get_or_insert((Instant::now(), progress.done));
                if pace.said.elapsed() > PAUSE {
                    pace.said = Instant::now();
                    let values: String = progress.values.iter().map(|(n, v)| format!("  {n} {v:.4}")).collect();
                    let left = pace.left(progress.done, progress.total).map(|left| format!(", {} left", words::duration(left.as_secs().max(1) * 1000)));
                    remark(format!("{stage}   {} {} of {}{}{values}", progress.unit, progress.done, progress.total, left.unwrap_or_default()));
                }
            }
            _ => {}
        }
    }
}
