//! Networks against the implementations that they are named after: values, gradients, running statistics, counts, and
//! whole training steps. What is compared with is written by `tests/oracle/networks.py` and `extractors.py`.
#![allow(clippy::print_stdout)] // a test prints what it measured

mod adversarial;
mod counts;
mod determinism;
mod extractors;
mod files;
mod grad_cam;
mod reference;
mod steps;
mod stylegan;
mod trees;
mod zoo;
