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
    last: Mutex<HashMap<String, Instant>>,
}

impl Sink for Plain {
    fn hear(&self, event: &Event) {
        words::lines(event).iter().for_each(remark);
        let mut last = self.last.lock().expect("BUG: poisoned");
        match event {
            Event::Begun { stage, .. } => drop(last.insert(stage.clone(), Instant::now())),
            Event::Progress { stage, progress } if last.get(stage).is_none_or(|l| l.elapsed() > PAUSE) => {
                last.insert(stage.clone(), Instant::now());
                let values: String = progress.values.iter().map(|(n, v)| format!("  {n} {v:.4}")).collect();
                remark(format!("{stage}   {} {} of {}{values}", progress.unit, progress.done, progress.total));
            }
            _ => {}
        }
    }
}
