//! Heavy stages: each in a process of its own, which ends when its standard input is closed, and so with the run.

use super::{Launch, Launcher, Message, Started};
use crate::run::job::{Class, Failure};
use crate::run::worker::{self, Line};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Runs each stage in a worker process.
pub(super) struct Processes {
    /// The program.
    pub(super) hilum: PathBuf,
}

/// A worker process and its input.
#[derive(Clone)]
struct Worker {
    stop: Arc<AtomicBool>,
    child: Arc<Mutex<Option<Child>>>,
    stdin: Arc<Mutex<Option<ChildStdin>>>,
}

/// How long a worker may take to write a checkpoint: a step of the largest networks and a few hundred megabytes.
const GRACE: Duration = Duration::from_secs(60);

impl Launcher for Processes {
    fn launch(&self, Launch { id, job, threads, stderr, messages }: Launch) -> Result<Box<dyn Started>, Failure> {
        let fault = |what: &str, e: std::io::Error| Failure { message: format!("the worker could not {what}: {e}"), help: None, class: Class::Machine };
        let mut child = Command::new(&self.hilum)
            .args(["worker", "--threads", &threads.to_string()])
            // A group of its own: Ctrl-C reaches the run alone, which stops its workers in order.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|e| fault("be started", e))?;
        let (stdin, stdout, errors) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let worker = Worker { stop: Arc::default(), child: Arc::new(Mutex::new(Some(child))), stdin: Arc::new(Mutex::new(stdin)) };
        let mut text = serde_json::to_string(&job).expect("BUG: jobs are plain JSON");
        text.push('\n');
        // A worker that died at once is reported by its exit status below.
        let _ = worker.write(text.as_bytes());
        let waited = worker.clone();
        let watch = move || {
            let errors = std::thread::spawn(move || {
                let mut kept = vec![];
                let _ = errors.map(|mut e| e.read_to_end(&mut kept));
                kept
            });
            let mut result = None;
            for line in stdout.map(|s| BufReader::new(s).lines()).into_iter().flatten().map_while(Result::ok) {
                match serde_json::from_str::<Line>(&line) {
                    Ok(Line::Said(said)) => drop(messages.send(Message::Said(id, said))),
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
            let result = result.unwrap_or_else(|| Err(died(status, waited.stop.load(Ordering::SeqCst), &errors)));
            drop(messages.send(Message::Ended(id, result)));
        };
        if let Err(failure) = super::spawn("worker", watch) {
            worker.kill();
            return Err(failure);
        }
        Ok(Box::new(worker))
    }
}

impl Worker {
    /// Killing a child that has already ended is not a fault.
    fn kill(&self) {
        let _ = self.child.lock().ok().and_then(|mut c| c.as_mut().map(Child::kill));
    }
    fn write(&self, bytes: &[u8]) -> Option<std::io::Result<()>> {
        let mut stdin = self.stdin.lock().ok()?;
        stdin.as_mut().map(|s| s.write_all(bytes).and_then(|()| s.flush()))
    }
}

impl Started for Worker {
    /// What does not end in time is killed.
    fn stop(&self) {
        if self.stop.swap(true, Ordering::SeqCst) {
            return;
        }
        let told = matches!(self.write(b"stop\n"), Some(Ok(())));
        let worker = self.clone();
        std::thread::spawn(move || {
            if told {
                std::thread::sleep(GRACE);
            }
            worker.kill();
        });
    }
}

fn died(status: Option<std::process::ExitStatus>, stopped: bool, errors: &[u8]) -> Failure {
    if stopped {
        return Failure { message: "stopped".into(), help: None, class: Class::Cancelled };
    }
    let errors = String::from_utf8_lossy(errors);
    let last = errors.lines().last().map(|l| format!("; its last line was: {l}")).unwrap_or_default();
    let failed = |message: String, help: &str| Failure { message, help: Some(help.into()), class: Class::Machine };
    // The words of Rust's allocator.
    if errors.lines().any(|l| l.starts_with("memory allocation of ")) {
        return failed("the worker ran out of memory".into(), "lower `batch`, or the size of images or network");
    }
    // It was told to stop by a signal of its own, before it was long enough under way to write a checkpoint.
    if status.is_some_and(|s| s.code() == Some(i32::from(worker::STOPPED))) {
        return Failure { message: "stopped".into(), help: None, class: Class::Cancelled };
    }
    match status.and_then(|s| s.signal()) {
        Some(signal) => {
            let name = match signal {
                9 => "killed (signal 9), often because the machine ran out of memory".to_owned(),
                11 => "stopped by a segmentation fault (signal 11)".to_owned(),
                n => format!("stopped by signal {n}"),
            };
            failed(format!("the worker was {name}{last}"), "run again, or give the stage `retry: 1`")
        }
        None => Failure { message: format!("the worker ended without a result{last}"), help: None, class: Class::Data },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::ExitStatus;

    #[test]
    fn a_worker_says_how_it_died_in_plain_words() {
        let died = |status, errors: &str| died(Some(ExitStatus::from_raw(status)), false, errors.as_bytes());
        let of_memory = died(6, "memory allocation of 4503599627370496 bytes failed\nnote: more\n");
        assert_eq!((of_memory.message.as_str(), of_memory.class), ("the worker ran out of memory", Class::Machine));
        assert_eq!(died(9, "").message, "the worker was killed (signal 9), often because the machine ran out of memory");
        assert_eq!(died(6, "BUG: x\n").message, "the worker was stopped by signal 6; its last line was: BUG: x");
        assert_eq!(died(i32::from(worker::STOPPED) << 8, "").class, Class::Cancelled);
        assert_eq!(died(1 << 8, "").class, Class::Data);
    }
}
