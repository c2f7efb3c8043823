//! The worker's side of a heavy stage: reads a job, does it, says how it goes, and dies with its parent.

use super::job::{self, Class, Done, Failure, Job};
use hilum_stages::contract::context::Progress;
use serde::{Deserialize, Serialize};
use std::io::{BufRead, Read, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// One line from a worker.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Line {
    /// How far it is.
    Progress(Progress),
    /// It is done.
    Done(Done),
    /// It did not finish.
    Failed(Failure),
}

/// Runs one job from standard input; answers on standard output. Returns the exit code.
pub fn main() -> u8 {
    hilum_stages::prepare_process();
    let mut line = String::new();
    let stdin = std::io::stdin();
    let job: Job = match stdin.lock().read_line(&mut line).ok().and_then(|_| serde_json::from_str(&line).ok()) {
        Some(job) => job,
        None => return 2,
    };
    // The parent keeps our standard input open as long as it lives.
    std::thread::spawn(move || {
        let mut rest = [0; 64];
        while !matches!(std::io::stdin().lock().read(&mut rest), Ok(0) | Err(_)) {}
        std::process::exit(3);
    });
    let last: Mutex<Option<Instant>> = Mutex::new(None);
    let report = |p: Progress| {
        let mut last = last.lock().expect("BUG: poisoned");
        if p.done == p.total || last.is_none_or(|l| l.elapsed() > Duration::from_millis(100)) {
            *last = Some(Instant::now());
            say(&Line::Progress(p));
        }
    };
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| job::perform(&job, &report, &|| false)));
    let result = result.unwrap_or_else(|_| {
        Err(Failure {
            message: "the stage stopped at a fault of the program".into(),
            help: Some("its standard error is kept with the run".into()),
            class: Class::Data,
        })
    });
    match result {
        Ok(done) => say(&Line::Done(Done { peak_memory: peak_memory(), ..done })),
        Err(failure) => say(&Line::Failed(failure)),
    }
    0
}

fn say(line: &Line) {
    let mut text = serde_json::to_string(line).expect("BUG: lines are plain JSON");
    text.push('\n');
    let mut out = std::io::stdout().lock();
    // A parent that is gone is noticed by the thread that reads our standard input.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// The largest resident size that this process had, in bytes.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? << 10)
}
