//! Bars on a terminal: one for the run, one for each stage under way with its losses and the time left.

use super::remark;
use super::words;
use crate::pipeline::Pipeline;
use crate::run::event::{Event, Sink};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

pub(super) struct Live {
    bars: MultiProgress,
    all: ProgressBar,
    stages: Mutex<HashMap<String, ProgressBar>>,
    total: u64,
}

impl Live {
    pub(super) fn new(p: &Pipeline) -> Self {
        let bars = MultiProgress::new();
        let style = ProgressStyle::with_template("{bar:24} {pos} of {len} stages  {elapsed}").expect("BUG: a fixed template");
        let all = bars.add(ProgressBar::hidden().with_style(style));
        Live { bars, all, stages: Mutex::default(), total: p.stages.len() as u64 }
    }
}

impl Sink for Live {
    fn hear(&self, event: &Event) {
        let mut stages = self.stages.lock().expect("BUG: poisoned");
        match event {
            Event::Started { .. } => {
                self.all.set_draw_target(indicatif::ProgressDrawTarget::stderr());
                self.all.set_length(self.total);
                self.bars.add(self.all.clone());
            }
            Event::Reused { stages } => self.all.inc(stages.len() as u64),
            Event::Begun { stage, .. } => {
                let style = ProgressStyle::with_template("  {prefix:32!} {bar:20} {pos:>6} of {len:<6} {eta:>4} left  {msg}").expect("BUG: a fixed template");
                let bar = self.bars.insert_before(&self.all, ProgressBar::new(0).with_style(style).with_prefix(stage.clone()));
                bar.enable_steady_tick(Duration::from_millis(500));
                stages.insert(stage.clone(), bar);
            }
            Event::Progress { stage, progress } => {
                if let Some(bar) = stages.get(stage) {
                    bar.set_length(progress.total);
                    bar.set_position(progress.done);
                    bar.set_message(progress.values.iter().map(|(n, v)| format!("{n} {v:.3}")).collect::<Vec<_>>().join("  "));
                }
                return;
            }
            Event::Done { stage, .. } | Event::Failed { stage, .. } | Event::Skipped { stage } | Event::CutOff { stage, .. } | Event::Retried { stage, .. } => {
                stages.remove(stage).iter().for_each(ProgressBar::finish_and_clear);
                if !matches!(event, Event::Retried { .. }) {
                    self.all.inc(1);
                }
            }
            Event::Finished { .. } => {
                stages.drain().for_each(|(_, bar)| bar.finish_and_clear());
                self.all.finish_and_clear();
            }
            _ => {}
        }
        // What begins is seen by its bar; everything else is a line above the bars.
        if !matches!(event, Event::Begun { .. }) {
            for line in words::lines(event) {
                self.bars.suspend(|| remark(line));
            }
        }
    }
}
