//! Schedules by number, and those that found a fault once, by name.

use super::fault::Fault;
use super::job::Job;
use super::schedule::{Schedule, Threads, place, play};
use crate::marks::hit;
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Schedules of an ordinary test.
const SCHEDULES: u64 = 2000;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{variable}: `{text}` is not a number")))
}

#[test]
fn after_any_fault_schedules_find_all_that_was_promised() {
    let seeds = number("HILUM_SEED").map_or_else(|| 0..number("HILUM_SIMULATIONS").unwrap_or(SCHEDULES), |seed| seed..seed + 1);
    let (next, failed, marks) = (AtomicU64::new(seeds.start), Mutex::new(vec![]), Mutex::new(BTreeSet::new()));
    let work = || {
        let threads = Threads::new();
        while failed.lock().unwrap().is_empty() {
            let seed = next.fetch_add(1, Relaxed);
            if seed >= seeds.end {
                break;
            }
            match play(seed, &threads) {
                Ok(mut reached) => marks.lock().unwrap().append(&mut reached),
                Err(why) => failed.lock().unwrap().push(why),
            }
        }
    };
    std::thread::scope(|scope| (0..std::thread::available_parallelism().map_or(1, |n| n.get())).for_each(|_| drop(scope.spawn(work))));
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "{}", failed[0]);
    let marks = marks.into_inner().unwrap();
    if seeds.end - seeds.start >= SCHEDULES {
        // What hardly happens by itself happens to the simulator.
        hit!("dead-lock-swept" in marks);
        hit!("directory-made-by-another" in marks);
        hit!("half-line-undone" in marks);
        hit!("journal-closed" in marks);
        hit!("journal-grew" in marks);
        hit!("key-is-taken" in marks);
        hit!("lock-without-a-name" in marks);
        hit!("result-noted-again" in marks);
        hit!("torn-line-aside" in marks);
    }
}

/// A line of a schedule without names that are drawn by the system.
fn plain(line: &str) -> String {
    let drawn = |c: char| c.is_ascii_alphanumeric() || c == '-';
    ["put-", "work-", ".new-", ".tmp"].iter().fold(line.to_owned(), |line, begin| {
        let mut parts = line.split(begin);
        let first = parts.next().unwrap_or_default().to_owned();
        first + &parts.map(|rest| format!("{begin}{}", rest.trim_start_matches(drawn))).collect::<String>()
    })
}

#[test]
fn a_seed_is_one_schedule() {
    let threads = Threads::new();
    let trace = |seed| {
        let (_base, mut schedule) = schedule(seed);
        schedule.play(&threads);
        schedule.trace.iter().map(|line| plain(line)).collect::<Vec<_>>()
    };
    for seed in 0..30 {
        assert_eq!(trace(seed), trace(seed), "seed {seed}");
    }
    assert_ne!(trace(0), trace(1));
}

/// A schedule of one's own.
fn schedule(seed: u64) -> (tempfile::TempDir, Schedule) {
    let base = place();
    let schedule = Schedule::new(base.path(), seed);
    (base, schedule)
}

const RUN: Job = Job::Run { variant: 0, stages: 3 };

/// Ends a run at every change of the disk that it makes.
fn at_every_change(fault: impl Fn(usize) -> Fault) {
    let threads = Threads::new();
    for at in 0..190 {
        let (_base, mut schedule) = schedule(at as u64);
        schedule.round(&threads, &[(RUN, Some(fault(at)))]);
        schedule.recover(&threads, 0);
    }
}

#[test]
fn a_new_store_outlives_a_power_failure_at_any_moment() {
    // Objects were lost with the directories that were made for them, and a store with its own.
    at_every_change(|at| Fault::PowerLoss { at, torn: 0 });
    at_every_change(|at| Fault::PowerLoss { at, torn: 17 });
}

#[test]
fn a_killed_run_leaves_what_it_finished() {
    at_every_change(|at| Fault::Death { at, torn: 5 });
}

#[test]
fn after_a_line_that_failed_nothing_is_acknowledged_that_may_not_be_there() {
    // A line that was neither written nor undone, and a sync that failed: what follows would be lost with it.
    for until in [0, 1, 2, 5] {
        at_every_change(|at| Fault::Fails { at, until: at + until, torn: Some(30), why: ErrorKind::Other });
    }
}

#[test]
fn an_interrupted_write_goes_on() {
    at_every_change(|at| Fault::Fails { at, until: at + 3, torn: Some(3), why: ErrorKind::Interrupted });
}

#[test]
fn two_first_runs_at_once_outlive_a_power_failure() {
    // Each relied on directories that the other had made and not yet synced.
    let threads = Threads::new();
    for at in 0..250 {
        let (_base, mut schedule) = schedule(1000 + at as u64);
        schedule.round(&threads, &[(RUN, Some(Fault::PowerLoss { at: at / 2 + 20, torn: 0 })), (RUN, None)]);
        schedule.recover(&threads, 1);
    }
}
