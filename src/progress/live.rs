//! Lines on a terminal that are drawn again: one for the run, one for each stage under way with its losses and the time left.
//! What they say is cut to the width of the terminal beforehand, since a line that wraps is not erased in full.

use super::pace::Pace;
use super::row::{fold, row};
use super::screen;
use super::words;
use super::{remark, remark_text, rendered};
use crate::diagnostic::{Diagnostic, Texts};
use crate::pipeline::Pipeline;
use crate::run::event::{Event, Sink};
use hilum_stages::contract::context::Progress;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

/// Columns of the run's line beside its bar, such as ` 9999 of 10000 stages  12m`.
const BESIDE: usize = 36;

pub(super) struct Live {
    bars: MultiProgress,
    total: u64,
    shown: Mutex<Shown>,
}

#[derive(Default)]
struct Shown {
    /// The run's line, once it has started.
    run: Option<ProgressBar>,
    stages: HashMap<String, Row>,
    /// The width for which the run's line is laid out.
    width: usize,
}

struct Row {
    line: ProgressBar,
    pace: Pace,
}

impl Live {
    pub(super) fn new(p: &Pipeline) -> Self {
        Live { bars: MultiProgress::with_draw_target(ProgressDrawTarget::hidden()), total: p.stages.len() as u64, shown: Mutex::default() }
    }

    fn shown(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().expect("BUG: poisoned")
    }

    /// Lines that stay, above those that are drawn again.
    fn say(&self, lines: Vec<String>) {
        if !lines.is_empty() {
            let width = usize::from(screen::columns());
            self.bars.suspend(|| lines.iter().for_each(|line| remark(fold(line, width))));
        }
    }
}

impl Shown {
    /// Redraws the run's line if the width of the terminal has changed.
    fn fit(&mut self) -> usize {
        let width = usize::from(screen::columns());
        if let Some(run) = self.run.as_ref().filter(|_| self.width != width) {
            let bar = match width.saturating_sub(BESIDE).min(24) {
                0..8 => String::new(),
                columns => format!("{{bar:{columns}}} "),
            };
            run.set_style(ProgressStyle::with_template(&format!("{bar}{{pos}} of {{len}} {{msg}}  {{elapsed}}")).expect("BUG: a fixed template"));
            self.width = width;
        }
        width
    }

    fn begin(&mut self, bars: &MultiProgress, stages: u64) {
        bars.set_draw_target(screen::target());
        // A run that is retried after damage starts a second time.
        self.end();
        let run = bars.add(ProgressBar::new(stages).with_message(if stages == 1 { "stage" } else { "stages" }));
        self.run = Some(run);
        self.width = 0;
        self.fit();
        self.run.iter().for_each(|run| run.enable_steady_tick(Duration::from_millis(500)));
    }

    fn begin_stage(&mut self, bars: &MultiProgress, stage: &str) {
        let Some(run) = &self.run else { return };
        let style = ProgressStyle::with_template("{wide_msg}").expect("BUG: a fixed template");
        let line = bars.insert_before(run, ProgressBar::new(0).with_style(style));
        self.stages.insert(stage.to_owned(), Row { line, pace: Pace::default() });
        self.draw(stage, None);
    }

    fn draw(&mut self, stage: &str, progress: Option<&Progress>) {
        let width = self.fit();
        let Some(row_of) = self.stages.get_mut(stage) else { return };
        let left = progress.and_then(|p| row_of.pace.left(p));
        // One column stays free: some terminals wrap a line that is as wide as they are.
        row_of.line.set_message(row(stage, progress, left, width.saturating_sub(1)));
    }

    fn end_stage(&mut self, stage: &str) {
        self.stages.remove(stage).iter().for_each(|row| row.line.finish_and_clear());
    }

    fn count(&self, stages: usize) {
        self.run.iter().for_each(|run| run.inc(stages as u64));
    }

    fn end(&mut self) {
        self.stages.drain().for_each(|(_, row)| row.line.finish_and_clear());
        self.run.take().iter().for_each(ProgressBar::finish_and_clear);
    }
}

impl Sink for Live {
    fn handle(&self, event: &Event) {
        let mut shown = self.shown();
        match event {
            Event::StageStarted { stage, .. } => return shown.begin_stage(&self.bars, stage),
            Event::Progress { stage, progress } => return shown.draw(stage, Some(progress)),
            Event::Retried { stage, .. } => shown.end_stage(stage),
            Event::StageFinished { stage, .. }
            | Event::Failed { stage, .. }
            | Event::Interrupted { stage, .. }
            | Event::Skipped { stage }
            | Event::CutOff { stage, .. } => {
                shown.end_stage(stage);
                shown.count(usize::from(!matches!(event, Event::Interrupted { .. })));
            }
            Event::Reused { stages } => shown.count(stages.len()),
            Event::Finished { .. } => shown.end(),
            _ => {}
        }
        self.say(words::lines(event));
        // Its own line comes first, so that nothing is drawn before there is something to draw.
        if let Event::Started { stages, .. } = event {
            shown.begin(&self.bars, (*stages as u64).min(self.total));
        }
    }
    fn diagnose(&self, all: &[Diagnostic], texts: &Texts) {
        if !all.is_empty() {
            // Not folded: its lines stand below each other.
            self.bars.suspend(|| remark_text(rendered(all, texts)));
        }
    }
}

impl Drop for Live {
    /// A run that ended by a fault leaves no line behind.
    fn drop(&mut self) {
        if let Ok(mut shown) = self.shown.lock() {
            shown.end();
        }
    }
}
