//! Schedules by number, and those that found a fault once, by name.

use super::schedule::{Threads, play};
use std::collections::BTreeSet;
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
}
