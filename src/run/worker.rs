//! The worker process of a heavy stage: reads a job, runs it, reports progress, and dies with its parent.

use super::job::{self, Class, Done, Failure, Job};
use hilum_cache::checkpoint;
use hilum_stages::contract::context::{Checkpoints, Said};
use serde::{Deserialize, Serialize};
use signal_hook::consts::SIGTERM;
use std::io::{BufRead, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// One line from a worker.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Line {
    /// Progress or a note.
    Said(Said),
    /// It has finished.
    Done(Done),
    /// It has failed.
    Failed(Failure),
}

/// What a worker's libraries read from the environment when they start. Results depend on none of it.
const SETTINGS: [(&str, &str); 5] = [
    // Pools that spin against each other cost more than they gain.
    ("CANDLE_BARRIER_POOL_SPIN_LIMIT", "100"),
    // Large buffers are kept and not given back to the system after each operation.
    ("MALLOC_MMAP_MAX_", "0"),
    ("MALLOC_TRIM_THRESHOLD_", "4294967296"),
    ("MALLOC_TOP_PAD_", "67108864"),
    ("MALLOC_ARENA_MAX", "1"),
];

/// The exit code of a worker that was stopped before it had anything to say.
pub const STOPPED: u8 = 3;

/// Starts this program once more, as a worker in its environment: the allocator reads that before any of our code runs. Returns
/// only if that is not possible, with the exit code.
pub fn exec(threads: u32) -> u8 {
    let worker = ["worker".to_owned(), "--threads".into(), threads.to_string(), "--has-environment".into()];
    let why = Command::new("/proc/self/exe").args(worker).envs(SETTINGS).env("RAYON_NUM_THREADS", threads.to_string()).exec();
    // The last line of what a worker says is part of the message of the run.
    let _ = writeln!(std::io::stderr(), "the worker could not be started: {why}");
    2
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
    let kept = Kept::of(&job);
    listen(kept.clone());
    let last: Mutex<Option<Instant>> = Mutex::new(None);
    let report = |said: Said| {
        if let Said::Progress(p) = &said {
            let mut last = last.lock().expect("BUG: poisoned");
            if p.done != p.total && last.is_some_and(|l| l.elapsed() < Duration::from_millis(100)) {
                return;
            }
            *last = Some(Instant::now());
        }
        say(&Line::Said(said));
    };
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| job::perform(&job, &report, &|| kept.stop.load(Ordering::SeqCst), &*kept)));
    let result = result.unwrap_or_else(|_| {
        Err(Failure {
            message: "internal error: the stage panicked".into(),
            help: Some("please report it; its standard error is stored with the run".into()),
            class: Class::Data,
        })
    });
    match result {
        Ok(done) => say(&Line::Done(Done { peak_memory: peak_memory(), ..done })),
        Err(failure) => say(&Line::Failed(failure)),
    }
    0
}

/// The checkpoints of this worker's stage.
struct Kept {
    directory: checkpoint::Checkpoints,
    every: Duration,
    /// Set to stop.
    stop: Arc<AtomicBool>,
    /// The stage has not asked for a checkpoint: it writes none, and is ended at once.
    at_once: Arc<AtomicBool>,
    /// When the last one was written, and how long that took.
    last: Mutex<(Instant, Duration)>,
}

impl Kept {
    fn of(job: &Job) -> Arc<Kept> {
        let directory = checkpoint::Checkpoints::at(&job.store, &job.key);
        let every = Duration::try_from_secs_f64(job.checkpoint_every).unwrap_or(Duration::MAX);
        Arc::new(Kept { directory, every, stop: Arc::default(), at_once: Arc::new(AtomicBool::new(true)), last: Mutex::new((Instant::now(), Duration::ZERO)) })
    }
}

impl Checkpoints for Kept {
    fn due(&self) -> bool {
        let (when, cost) = *self.last.lock().expect("BUG: poisoned");
        // Writing takes no more than a twentieth of the time, unless every step was asked for.
        let every = if self.every.is_zero() { self.every } else { self.every.max(cost * 20) };
        when.elapsed() >= every
    }
    fn save(&self, step: u64, bytes: &[u8]) -> hilum_stages::contract::error::Result<()> {
        let began = Instant::now();
        let saved = self.directory.save(step, bytes);
        *self.last.lock().expect("BUG: poisoned") = (Instant::now(), began.elapsed());
        Ok(saved?)
    }
    fn latest(&self) -> Option<(u64, Vec<u8>)> {
        self.at_once.store(false, Ordering::SeqCst);
        self.directory.latest()
    }
}

/// Waits for the end: a message from the run, its death, which closes standard input, or SIGTERM, as from a cluster.
fn listen(kept: Arc<Kept>) {
    // Without signal handlers, the run can still stop the worker.
    let _ = signal_hook::flag::register_conditional_shutdown(SIGTERM, i32::from(STOPPED), kept.at_once.clone());
    let _ = signal_hook::flag::register(SIGTERM, kept.stop.clone());
    std::thread::spawn(move || {
        let mut word = [0; 64];
        while !matches!(std::io::stdin().lock().read(&mut word), Ok(0) | Err(_)) {
            if kept.at_once.load(Ordering::SeqCst) {
                break;
            }
            kept.stop.store(true, Ordering::SeqCst);
        }
        std::process::exit(i32::from(STOPPED));
    });
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
