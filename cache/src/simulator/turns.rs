//! Whose turn it is. Two simulated processes are two threads of which one runs at a time; who goes on at each change of the disk is
//! drawn from the seed, so that a schedule is the same each time. Independent of what the processes do.

use super::Random;
use std::sync::{Condvar, Mutex};

pub(crate) struct Turns {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    now: usize,
    ended: [bool; 2],
    random: Random,
}

/// A turn passes once in as many changes of the disk.
const EVERY: usize = 5;

impl Turns {
    /// Turns of one process, or of two.
    pub(crate) fn of(processes: usize, mut random: Random) -> Turns {
        let now = random.below(processes);
        Turns { state: Mutex::new(State { now, ended: [false, processes == 1], random }), changed: Condvar::new() }
    }

    /// Waits for the first turn.
    pub(crate) fn begin(&self, me: usize) {
        let state = self.state.lock().unwrap();
        drop(self.changed.wait_while(state, |state| state.now != me).unwrap());
    }

    /// Perhaps lets the other go on.
    pub(crate) fn pass(&self, me: usize) {
        let mut state = self.state.lock().unwrap();
        if !state.ended[1 - me] && state.random.once_in(EVERY) {
            state.now = 1 - me;
            self.changed.notify_all();
            drop(self.changed.wait_while(state, |state| state.now != me).unwrap());
        }
    }

    /// Lets the other go on, for something that it holds; false if it has ended and cannot give it back.
    pub(crate) fn wait(&self, me: usize) -> bool {
        let mut state = self.state.lock().unwrap();
        let goes_on = !state.ended[1 - me];
        if goes_on {
            state.now = 1 - me;
            self.changed.notify_all();
            drop(self.changed.wait_while(state, |state| state.now != me).unwrap());
        }
        goes_on
    }

    /// This process has ended.
    pub(crate) fn end(&self, me: usize) {
        let mut state = self.state.lock().unwrap();
        state.ended[me] = true;
        state.now = 1 - me;
        self.changed.notify_all();
    }
}
