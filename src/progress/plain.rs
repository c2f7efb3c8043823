//! Plain lines: every event at once, progress now and then.

use super::pace::Pace;
use super::words;
use super::{remark, remark_text, rendered};
use crate::diagnostic::{Diagnostic, Texts};
use crate::run::event::{Event, Sink};
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Seconds between two lines of progress of one stage.
const PAUSE: Duration = Duration::from_secs(10);

#[derive(Default)]
pub(super) struct Plain {
    /// Stages under way, with when a line of them was printed.
    stages: Mutex<HashMap<String, (Instant, Pace)>>,
}

impl Sink for Plain {
    fn handle(&self, event: &Event) {
        words::lines(event).iter().for_each(remark);
        let mut stages = self.stages.lock().expect("BUG: poisoned");
        match event {
            Event::StageStarted { stage, .. } => drop(stages.insert(stage.clone(), (Instant::now(), Pace::default()))),
            Event::Progress { stage, progress } => {
                let Some((said, pace)) = stages.get_mut(stage) else { return };
                let left = pace.left(progress);
                if said.elapsed() > PAUSE {
                    *said = Instant::now();
                    let values: String = progress.values.iter().map(|(n, v)| format!("  {n} {v:.4}")).collect();
                    let left = left.map(|left| format!(", {}", words::remaining(left)));
                    remark(format!("{stage}   {} {} of {}{}{values}", progress.unit, progress.done, progress.total, left.unwrap_or_default()));
                }
            }
            _ => {}
        }
    }
    fn diagnose(&self, all: &[Diagnostic], texts: &Texts) {
        if !all.is_empty() {
            remark_text(rendered(all, texts));
        }
    }
}
