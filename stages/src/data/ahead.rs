//! Batches that are prepared while the previous step is computed. Independent of what a batch is.

use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::Scope;

/// Items that a thread prepares ahead of their use, in order.
pub struct Ahead<T> {
    made: Receiver<T>,
}

/// How many are prepared ahead: the next one and the one after it.
const READY: usize = 2;

impl<T: Send> Ahead<T> {
    /// Starts a thread that ends when this is dropped.
    pub fn start<'scope>(scope: &'scope Scope<'scope, '_>, mut make: impl FnMut() -> T + Send + 'scope) -> Ahead<T>
    where
        T: 'scope,
    {
        let (sender, made) = sync_channel(READY - 1);
        scope.spawn(move || while sender.send(make()).is_ok() {});
        Ahead { made }
    }
    /// The next one.
    ///
    /// # Panics
    /// Where the thread panicked.
    pub fn next(&self) -> T {
        self.made.recv().expect("BUG: the thread that makes batches is gone")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_ahead_comes_in_order() {
        let taken: Vec<u32> = std::thread::scope(|scope| {
            let mut next = 0;
            let ahead = Ahead::start(scope, move || {
                next += 1;
                next
            });
            (0..100).map(|_| ahead.next()).collect()
        });
        assert_eq!(taken, (1..=100).collect::<Vec<_>>());
    }
}
