//! Durations, sizes and events in words.

use crate::run::event::Event;
use hilum_stages::words::counted;

/// `1 h 52 min`, `3 min 5 s`, `2.4 s`, `80 ms`.
pub fn duration(millis: u64) -> String {
    match millis {
        0..1000 => format!("{millis} ms"),
        1000..60_000 => format!("{:.1} s", millis as f64 / 1000.0),
        60_000..3_600_000 => format!("{} min {} s", millis / 60_000, millis / 1000 % 60),
        _ => format!("{} h {} min", millis / 3_600_000, millis / 60_000 % 60),
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

/// What an event says in lines, where it says anything.
pub fn lines(event: &Event) -> Vec<String> {
    match event {
        Event::Started { run, stages } => vec![format!("run {run}: {}", counted(*stages, "stage", "stages"))],
        Event::Reused { stages } if stages.is_empty() => vec![],
        Event::Reused { stages } => vec![counted(stages.len(), "stage stands", "stages stand")],
        Event::Begun { stage, reasons, device, last_millis } => {
            let on = device.as_ref().map(|d| format!(" on {}", d.split('-').next().unwrap_or(d))).unwrap_or_default();
            let last = last_millis.map(|m| format!("; last time {}", duration(m))).unwrap_or_default();
            vec![format!("{stage}   begins{on}: {}{last}", reasons.join("; "))]
        }
        Event::Note { stage, text } if text.starts_with("warning: ") => vec![format!("{stage}   {text}")],
        Event::Note { stage, text } => vec![format!("{stage}   note: {text}")],
        Event::LeftOut { stage, files: n, list } => {
            let what = counted(*n, "file that was left out is listed", "files that were left out are listed");
            vec![format!("{stage}   note: {what} in {}", list.display())]
        }
        Event::Done { stage, millis, peak_memory, differs, .. } => {
            let memory = peak_memory.map(|m| format!(", {}", size(m))).unwrap_or_default();
            let mut out = vec![format!("{stage}   done in {}{memory}", duration(*millis))];
            if *differs {
                out.push("  warning: the bytes differ from those of the earlier run".into());
            }
            out
        }
        Event::CutOff { stage, of: Some(of) } => vec![format!("{stage}   shares the result of `{of}`")],
        Event::CutOff { stage, of: None } => vec![format!("{stage}   stands: its inputs came out the same")],
        Event::Elsewhere { stage } => vec![format!("{stage}   waits for another run")],
        Event::Retried { stage, why } => vec![format!("{stage}   is tried again: {why}")],
        Event::Failed { stage, message, help } => {
            let mut out = vec![format!("error: `{stage}`: {message}")];
            out.extend(help.iter().map(|h| format!("help: {h}")));
            out
        }
        Event::Skipped { stage } => vec![format!("{stage}   skipped")],
        Event::Warning { message } => vec![format!("warning: {message}")],
        Event::Finished { executed, reused, failed, skipped, .. } => {
            let rest = [(*failed, "failed"), (*skipped, "skipped")].iter().filter(|(n, _)| *n > 0).map(|(n, w)| format!(", {n} {w}")).collect::<String>();
            vec![format!("executed {executed}, reused {reused}{rest}")]
        }
        Event::Progress { .. } => vec![],
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn durations_read_well() {
        let all: Vec<String> = [80, 2400, 185_000, 6_720_000].map(super::duration).to_vec();
        assert_eq!(all, ["80 ms", "2.4 s", "3 min 5 s", "1 h 52 min"]);
        assert_eq!(super::size(1_610_612_736), "1.5 GiB");
    }
}
