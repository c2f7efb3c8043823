//! How often intervals contain the truth and tests reject it, on simulated scores: nothing is trained. Tables in Markdown,
//! as `docs/statistics.md` has them.
//!
//!   cargo bench --bench coverage -- areas --simulations 4000
//!
//! Studies: areas, proportions, resampled (bootstrap intervals of areas), repeats, metrics, differences, answers, tests. `--resamples` is
//! for `resampled`, and the draws of a permutation test; `--patients` and `--trainings` restrict `answers` to some rows.
#![allow(clippy::print_stdout)] // a benchmark prints what it measured

#[path = "coverage/answers.rs"]
mod answers;
#[path = "coverage/areas.rs"]
mod areas;
#[path = "coverage/differences.rs"]
mod differences;
#[path = "coverage/metrics.rs"]
mod metrics;
#[path = "coverage/nulls.rs"]
mod nulls;
#[path = "coverage/proportions.rs"]
mod proportions;
#[path = "coverage/repeated.rs"]
mod repeated;
#[path = "coverage/resampled.rs"]
mod resampled;
#[path = "coverage/simulated.rs"]
mod simulated;

/// How much is simulated.
#[derive(Clone, Copy)]
struct Effort {
    simulations: usize,
    resamples: usize,
    /// Only studies of so many patients.
    patients: Option<usize>,
    /// Only studies of so many trainings of each arm.
    trainings: Option<usize>,
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let given = |option: &str| words.iter().position(|w| w == option).map(|at| words[at + 1].parse::<usize>().expect("a number"));
    let number = |option: &str, default: usize| given(option).unwrap_or(default);
    let wanted = |study: &str| words.first().is_none_or(|w| w.starts_with("--") || w == study);
    let effort = |simulations| Effort {
        simulations: number("--simulations", simulations),
        resamples: number("--resamples", 999),
        patients: given("--patients"),
        trainings: given("--trainings"),
    };
    if wanted("areas") {
        areas::run(effort(4000));
    }
    if wanted("proportions") {
        proportions::run(effort(4000));
    }
    if wanted("resampled") {
        resampled::run(effort(500));
    }
    if wanted("repeats") {
        repeated::run(effort(4000));
    }
    if wanted("metrics") {
        metrics::run(effort(1000));
    }
    if wanted("differences") {
        differences::run(effort(2000));
    }
    if wanted("answers") {
        answers::run(effort(1000));
    }
    if wanted("tests") {
        nulls::run(effort(10_000));
    }
}
