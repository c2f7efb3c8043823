//! A simulator of the store: schedules of one or two processes that use a store as runs, `gc` and `verify` do, drawn from a seed, each
//! with a fault somewhere; and after it, whether the store keeps its promises. `docs/simulator.md` says what is modelled.
//! `HILUM_SIMULATIONS=100000` runs more schedules, `HILUM_SEED=N` one of them again.

mod check;
mod disk;
mod fault;
mod job;
mod model;
mod named;
mod power;
pub(crate) mod process;
mod schedule;
mod study;
mod turns;

/// Numbers from a seed (splitmix64).
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    fn of(seed: u64) -> Random {
        Random(seed.wrapping_mul(0xd134_2543_de82_ef95).wrapping_add(1))
    }
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    /// Less than `n`, which is not 0.
    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }
    /// True once in `n` times.
    fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}
