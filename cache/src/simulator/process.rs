//! A simulated process: its changes of the disk are counted, take turns with those of the other, meet its fault, and are remembered by
//! the disk. It is a thread; those without one are not simulated, and what they do is only done.

use super::disk::Disk;
use super::fault::{Fault, Verdict};
use super::turns::Turns;
use crate::effects::Op;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs::{File, TryLockError};
use std::io::{Error, Result};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What all processes of a schedule share.
pub(crate) struct World {
    pub(crate) disk: Mutex<Disk>,
    pub(crate) turns: Turns,
    pub(crate) powerless: AtomicBool,
    /// Milliseconds since the epoch: a clock that goes on whenever it is looked at.
    pub(crate) clock: AtomicU64,
    /// What happened, for a reader of a schedule that failed.
    pub(crate) trace: Mutex<Vec<String>>,
    pub(crate) marks: Mutex<BTreeSet<&'static str>>,
}

struct Process {
    number: usize,
    world: Arc<World>,
    fault: Option<Fault>,
    done: usize,
    is_dead: bool,
}

thread_local! {
    static CURRENT: RefCell<Option<Process>> = const { RefCell::new(None) };
}

fn with<T>(look: impl FnOnce(&mut Process) -> T) -> Option<T> {
    CURRENT.with_borrow_mut(|current| current.as_mut().map(look))
}

/// Runs some work as a process; false if it died meanwhile. Panics of the work go on when the other process can.
pub(crate) fn run<T>(number: usize, world: &Arc<World>, fault: Option<Fault>, work: impl FnOnce() -> T) -> (T, bool) {
    world.turns.begin(number);
    CURRENT.set(Some(Process { number, world: world.clone(), fault, done: 0, is_dead: false }));
    let out = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
    let lives = !CURRENT.take().expect("a process").is_dead && !world.powerless.load(Relaxed);
    world.turns.end(number);
    (out.unwrap_or_else(|panic| std::panic::resume_unwind(panic)), lives)
}

/// The clock of a simulated process.
pub(crate) fn time() -> Option<SystemTime> {
    with(|p| UNIX_EPOCH + Duration::from_millis(p.world.clock.fetch_add(7, Relaxed)))
}

/// A mark was reached.
pub(crate) fn reached(name: &'static str) {
    let _ = with(|p| p.world.marks.lock().unwrap().insert(name));
}

/// Says something about a schedule.
pub(crate) fn note(what: impl FnOnce() -> String) {
    with(|p| p.world.trace.lock().unwrap().push(format!("{}      {}", p.number, what())));
}

/// Waits for the other process; false if it has ended.
pub(crate) fn wait() -> bool {
    let (number, world) = with(|p| (p.number, p.world.clone())).expect("a process");
    world.turns.wait(number)
}

pub(crate) fn look() {
    if let Some((number, world)) = with(|p| (p.number, p.world.clone(), p.is_over())).and_then(|(n, w, over)| (!over).then_some((n, w))) {
        world.turns.pass(number);
    }
}

pub(crate) fn taken(bytes: &[u8]) -> &[u8] {
    // The other one is let go on here, and not between this and the write.
    look();
    let most = with(|p| p.fault.map_or(bytes.len(), |fault| fault.taken(p.done, bytes.len())));
    &bytes[..most.unwrap_or(bytes.len())]
}

pub(crate) fn perform<T>(op: Op, act: impl FnOnce() -> Result<T>) -> Result<T> {
    if !matches!(op, Op::Write(_)) {
        look();
    }
    let Some(verdict) = with(|p| p.decide(op)) else { return act() };
    match verdict {
        Verdict::Fails(why) => {
            with(|p| p.world.disk.lock().unwrap().failed(op));
            return Err(Error::new(why, "simulated"));
        }
        Verdict::TooLate => return Err(dead()),
        Verdict::Done | Verdict::LastOne => {}
    }
    let world = with(|p| p.world.clone()).expect("a process");
    let out = act();
    if out.is_ok() {
        world.disk.lock().unwrap().after(op);
    }
    if matches!(verdict, Verdict::LastOne) { Err(dead()) } else { out }
}

pub(crate) fn lock(file: &File, is_shared: bool) -> Result<()> {
    loop {
        match if is_shared { file.try_lock_shared() } else { file.try_lock() } {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(e)) => return Err(e),
            Err(TryLockError::WouldBlock) if with(|_| ()).is_none() => return if is_shared { file.lock_shared() } else { file.lock() },
            Err(TryLockError::WouldBlock) if with(|p| p.is_over()) == Some(true) => return Err(dead()),
            Err(TryLockError::WouldBlock) => assert!(wait(), "waits for a lock that nobody will give back"),
        }
    }
}

fn dead() -> Error {
    Error::other("the process is dead")
}

impl Process {
    fn is_over(&self) -> bool {
        self.is_dead || self.world.powerless.load(Relaxed)
    }

    fn decide(&mut self, op: Op) -> Verdict {
        if self.is_over() {
            return Verdict::TooLate;
        }
        let number = self.done;
        self.done += 1;
        let verdict = self.fault.map_or(Verdict::Done, |fault| fault.verdict(number, op));
        let said = match verdict {
            Verdict::Done => "",
            Verdict::Fails(_) => "  fails",
            Verdict::LastOne => "  torn",
            Verdict::TooLate => "  dead",
        };
        let line = format!("{} {number:4} {}{said}", self.number, self.world.disk.lock().unwrap().said(op));
        self.world.trace.lock().unwrap().push(line);
        if matches!(verdict, Verdict::LastOne | Verdict::TooLate) {
            self.is_dead = true;
            if matches!(self.fault, Some(Fault::PowerLoss { .. })) {
                self.world.powerless.store(true, Relaxed);
            }
        }
        verdict
    }
}
