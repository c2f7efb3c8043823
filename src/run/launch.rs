//! Starting a stage: light ones in a thread, heavy ones in a process of their own. Both end in one message.

use super::job::{self, Class, Done, Failure, Job};
use super::worker::Line;
use crossbeam_channel::Sender;
use hilum_stages::contract::context::{NoCheckpoints, Said};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A message from a running stage.
pub(super) enum Message {
    /// Progress or a note.
    Said(usize, Said),
    /// How it ended.
    Ended(usize, Result<Done, Failure>),
}

/// A running stage; can be stopped.
pub(super) struct Started {
    stop: Arc<AtomicBool>,
    worker: Option<Worker>,
}

/// A worker process and its input.
#[derive(Clone)]
struct Worker {
    child: Arc<Mutex<Option<Child>>>,
    stdin: Arc<Mutex<Option<ChildStdin>>>,
}

/// How long a worker may take to write a checkpoint: a step of the largest networks and a few hundred megabytes.
const GRACE: Duration = Duration::from_secs(60);

impl Started {
    /// Asks the stage to stop; its message follows. A training writes a checkpoint first; what does not end is killed.
    pub(super) fn stop(&self) {
        if self.stop.swap(true, Ordering::SeqCst) {
            return;
        }
        let Some(worker) = self.worker.clone() else { return };
        let told = worker.stdin.lock().ok().and_then(|mut s| s.as_mut().map(|s| s.write_all(b"stop\n").and_then(|()| s.flush())));
        std::thread::spawn(move || {
            if matches!(told, Some(Ok(()))) {
                std::thread::sleep(GRACE);
            }
            // Killing a child that has ended already is no fault.
            let _ = worker.child.lock().ok().and_then(|mut c| c.as_mut().map(Child::kill));
        });
    }
}

/// Runs a light stage in a thread of this process.
pub(super) fn in_thread(id: usize, job: Job, tell: Sender<Message>) -> Started {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = stop.clone();
    std::thread::spawn(move || {
        let report = |said: Said| drop(tell.send(Message::Said(id, said)));
        let run = std::panic::AssertUnwindSafe(|| job::perform(&job, &report, &|| flag.load(Ordering::SeqCst), &NoCheckpoints));
        let fault = || Err(Failure { message: "the stage stopped at a bug in hilum".into(), help: None, class: Class::Data });
        let result = std::panic::catch_unwind(run).unwrap_or_else(|_| fault());
        drop(tell.send(Message::Ended(id, result)));
    });
    Started { stop, worker: None }
}

/// Runs a heavy stage in a worker process with `threads` threads; its standard error, if any, goes to the file `stderr`.
pub(super) fn in_process(id: usize, job: &Job, threads: u32, stderr: PathBuf, tell: Sender<Message>) -> Result<Started, Failure> {
    let fault = |what: &str, e: std::io::Error| Failure { message: format!("the worker could not {what}: {e}"), help: None, class: Class::Machine };
    // This program, even if another one has been installed in its place since the run started.
    let mut child = Command::new("/proc/self/exe")
        .arg("worker")
        .env("RAYON_NUM_THREADS", threads.to_string())
        // Pools that spin against each other cost more than they gain.
        .env("CANDLE_BARRIER_POOL_SPIN_LIMIT", "100")
        // Large buffers are kept and not given back to the system after each operation.
        .env("MALLOC_MMAP_MAX_", "0")
        .env("MALLOC_TRIM_THRESHOLD_", "4294967296")
        .env("MALLOC_TOP_PAD_", "67108864")
        .env("MALLOC_ARENA_MAX", "1")
        // A group of its own: Ctrl-C reaches the run alone, which stops its workers in order.
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| fault("be started", e))?;
    let (stdin, stdout, errors) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let mut text = serde_json::to_string(job).expect("BUG: jobs are plain JSON");
    text.push('\n');
    // A worker that died at once is reported by its exit status below.
    let worker = Worker { child: Arc::new(Mutex::new(Some(child))), stdin: Arc::new(Mutex::new(stdin)) };
    let _ = worker.stdin.lock().ok().and_then(|mut s| s.as_mut().map(|s| s.write_all(text.as_bytes()).and_then(|()| s.flush())));
    let stop = Arc::new(AtomicBool::new(false));
    let (waited, flag) = (worker.clone(), stop.clone());
    std::thread::spawn(move || {
        let errors = std::thread::spawn(move || {
            let mut kept = vec![];
            let _ = errors.map(|mut e| e.read_to_end(&mut kept));
            kept
        });
        let mut result = None;
        for line in stdout.map(|s| BufReader::new(s).lines()).into_iter().flatten().map_while(Result::ok) {
            match serde_json::from_str::<Line>(&line) {
                Ok(Line::Said(said)) => drop(tell.send(Message::Said(id, said))),
                Ok(Line::Done(done)) => result = Some(Ok(done)),
                Ok(Line::Failed(failure)) => result = Some(Err(failure)),
                Err(_) => {}
            }
        }
        drop(waited.stdin.lock().ok().and_then(|mut s| s.take()));
        let errors = errors.join().unwrap_or_default();
        let status = waited.child.lock().ok().and_then(|mut c| c.take()).and_then(|mut c| c.wait().ok());
        if !errors.is_empty() {
            let _ = stderr.parent().map(fs::create_dir_all);
            let _ = fs::write(&stderr, &errors);
        }
        let result = result.unwrap_or_else(|| Err(died(status, flag.load(Ordering::SeqCst), &errors)));
        drop(tell.send(Message::Ended(id, result)));
    });
    Ok(Started { stop, worker: Some(worker) })
}

fn died(status: Option<std::process::ExitStatus>, stopped: bool, errors: &[u8]) -> Failure {
    if stopped {
        return Failure { message: "stopped".into(), help: None, class: Class::Cancelled };
    }
    let last = String::from_utf8_lossy(errors).lines().last().map(|l| format!("; its last line was: {l}")).unwrap_or_default();
    match status.and_then(|s| s.signal()) {
        Some(signal) => {
            let name = match signal {
                9 => "killed (signal 9), often because the machine ran out of memory".to_owned(),
                11 => "stopped by a segmentation fault (signal 11)".to_owned(),
                n => format!("stopped by signal {n}"),
            };
            Failure { message: format!("the worker was {name}{last}"), help: Some("run again, or give the stage `retry: 1`".into()), class: Class::Machine }
        }
        None => Failure { message: format!("the worker ended without a result{last}"), help: None, class: Class::Data },
    }
}
