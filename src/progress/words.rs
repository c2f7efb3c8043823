//! Durations, sizes and events in words.

use crate::run::event::Event;
use hilum_stages::contract::context::Progress;
use hilum_stages::contract::note::Severity;
use hilum_stages::words::counted;
use std::time::Duration;

/// `1 h 52 min`, `3 min 5 s`, `2.4 s`, `80 ms`.
pub fn duration(millis: u64) -> String {
    match millis {
        0..1000 => format!("{millis} ms"),
        1000..60_000 => format!("{:.1} s", millis as f64 / 1000.0),
        60_000..3_600_000 => format!("{} min {} s", millis / 60_000, millis / 1000 % 60),
        _ => format!("{} h {} min", millis / 3_600_000, millis / 60_000 % 60),
    }
}

/// An estimated time: `45 s`.
pub fn about(millis: u64) -> String {
    match millis {
        10_000..59_500 => format!("{} s", (millis + 500) / 1000),
        59_500..60_000 => duration(60_000),
        _ => duration(millis),
    }
}

/// `8 s left`.
pub fn remaining(left: Duration) -> String {
    match left.as_secs() {
        seconds @ 0..60 => format!("{} s left", seconds.max(1)),
        seconds => format!("{} left", duration(seconds * 1000)),
    }
}

/// `1.5 GiB`.
pub fn size(bytes: u64) -> String {
    let mut value = bytes as f64;
    for unit in ["B", "KiB", "MiB", "GiB"] {
        if value < 1024.0 {
            return if unit == "B" { format!("{bytes} B") } else { format!("{value:.1} {unit}") };
        }
        value /= 1024.0;
    }
    format!("{value:.1} TiB")
}

/// The message if all stages are up to date.
pub fn nothing_to_do(stages: usize) -> String {
    match stages {
        1 => "nothing to do: the stage is up to date".into(),
        n => format!("nothing to do: all {n} stages are up to date"),
    }
}

/// The lines of an event, if any.
pub fn lines(event: &Event) -> Vec<String> {
    match event {
        Event::Started { run, stages } => vec![format!("run {run}: {}", counted(*stages, "stage", "stages"))],
        Event::Planned { lines, .. } => lines.clone(),
        // The plan has counted them.
        Event::Reused { .. } | Event::Progress { .. } => vec![],
        Event::StageStarted { stage, reasons, device, last_millis } => {
            let on = device.as_ref().map(|d| format!(" on {}", d.split('-').next().unwrap_or(d))).unwrap_or_default();
            let last = last_millis.map(|m| format!("; took {} last time", duration(m))).unwrap_or_default();
            vec![format!("{stage}   started{on}: {}{last}", reasons.join("; "))]
        }
        Event::Note { stage, note } => {
            let severity = match note.severity {
                Severity::Info => "note",
                Severity::Warning => "warning",
            };
            vec![format!("{stage}   {severity}: {}", note.text)]
        }
        Event::LeftOut { stage, files: n, list } => {
            let what = counted(*n, "file was left out", "files were left out");
            vec![format!("{stage}   note: {what}; see {}", list.display())]
        }
        Event::StageFinished { stage, millis, peak_memory, differs, .. } => {
            let memory = peak_memory.map(|m| format!(", {} of memory", size(m))).unwrap_or_default();
            let mut out = vec![format!("{stage}   finished, took {}{memory}", duration(*millis))];
            if *differs {
                out.push("  warning: the bytes differ from those of the previous run".into());
            }
            out
        }
        Event::CutOff { stage, of: Some(of) } => vec![format!("{stage}   shares the result of `{of}`")],
        Event::CutOff { stage, of: None } => vec![format!("{stage}   up to date: its inputs have not changed")],
        Event::Elsewhere { stage } => vec![format!("{stage}   waiting for another run")],
        Event::Retried { stage, why } => vec![format!("{stage}   retrying: {why}")],
        Event::Failed { stage, message, help } => {
            let mut out = vec![format!("error: `{stage}`: {message}")];
            out.extend(help.iter().map(|h| format!("help: {h}")));
            out
        }
        Event::Interrupted { stage, progress, checkpoint } => vec![format!("interrupted: {stage} stopped {}", stopped(progress.as_ref(), *checkpoint))],
        Event::Skipped { stage } => vec![format!("{stage}   skipped")],
        Event::Warning { message } => vec![format!("warning: {message}")],
        Event::Finished { executed: 0, reused, failed: 0, skipped: 0, .. } => vec![nothing_to_do(*reused)],
        Event::Finished { executed, reused, failed, skipped, interrupted, .. } => {
            let rest = [(*reused, "up to date"), (*failed, "failed"), (*skipped, if *interrupted { "not run" } else { "skipped" })];
            let rest: String = rest.iter().filter(|(n, _)| *n > 0).map(|(n, w)| format!(", {n} {w}")).collect();
            vec![format!("{}{rest}", counted(*executed, "stage ran", "stages ran"))]
        }
    }
}

/// How far a stopped stage got, and where it resumes.
fn stopped(progress: Option<&Progress>, checkpoint: Option<u64>) -> String {
    let again = "run the same command again";
    match (progress, checkpoint) {
        // The checkpoint is written last, and not every step is reported.
        (Some(p), Some(step)) if step >= p.done => format!("after {} {step} of {}; {again} to resume from there", p.unit, p.total),
        (Some(p), Some(step)) => format!("after {} {} of {}; {again} to resume from its checkpoint after {} {step}", p.unit, p.done, p.total, p.unit),
        (None, Some(step)) => format!("before its next step; {again} to resume after step {step}"),
        (Some(p), None) => format!("after {} {} of {} without a checkpoint; {again} to restart it", p.unit, p.done, p.total),
        (None, None) => format!("without a checkpoint; {again} to restart it"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(event: Event) -> String {
        let mut said = lines(&event);
        assert_eq!(said.len(), 1, "{said:?}");
        said.remove(0)
    }

    #[test]
    fn an_interrupted_stage_says_where_it_resumes() {
        let said = |done: Option<u64>, checkpoint| {
            let progress = done.map(|done| Progress { done, total: 900, unit: "step".into(), values: vec![] });
            one(Event::Interrupted { stage: "gan/arm=a".into(), progress, checkpoint })
        };
        assert_eq!(said(Some(118), Some(120)), "interrupted: gan/arm=a stopped after step 120 of 900; run the same command again to resume from there");
        assert!(said(Some(120), Some(100)).ends_with("after step 120 of 900; run the same command again to resume from its checkpoint after step 100"));
        assert!(said(Some(120), None).ends_with("without a checkpoint; run the same command again to restart it"));
        assert!(said(None, Some(7)).ends_with("to resume after step 7"));
    }

    #[test]
    fn the_summary_uses_singular_and_plural() {
        let end =
            |executed, reused, failed, skipped| one(Event::Finished { run: None, executed, reused, failed, skipped, interrupted: false, answers: vec![] });
        assert_eq!(end(1, 0, 0, 0), "1 stage ran");
        assert_eq!(end(2, 3, 1, 4), "2 stages ran, 3 up to date, 1 failed, 4 skipped");
        assert_eq!(
            (end(0, 1, 0, 0), end(0, 28, 0, 0)),
            ("nothing to do: the stage is up to date".into(), "nothing to do: all 28 stages are up to date".into())
        );
        assert_eq!(end(0, 2, 0, 1), "0 stages ran, 2 up to date, 1 skipped");
        assert_eq!(
            one(Event::Finished { run: None, executed: 1, reused: 0, failed: 0, skipped: 6, interrupted: true, answers: vec![] }),
            "1 stage ran, 6 not run"
        );
    }

    #[test]
    fn durations_read_well() {
        let all: Vec<String> = [80, 2400, 185_000, 6_720_000].map(super::duration).to_vec();
        assert_eq!(all, ["80 ms", "2.4 s", "3 min 5 s", "1 h 52 min"]);
        assert_eq!(super::size(1_610_612_736), "1.5 GiB");
        assert_eq!([0, 8, 65].map(|s| remaining(Duration::from_secs(s))), ["1 s left", "8 s left", "1 min 5 s left"]);
        assert_eq!([80, 9_400, 45_300, 59_700, 185_000].map(about), ["80 ms", "9.4 s", "45 s", "1 min 0 s", "3 min 5 s"]);
    }
}
