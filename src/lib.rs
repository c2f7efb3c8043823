//! hilum runs studies of synthetic chest X-rays as a graph of cached stages. This package knows YAML, plans, runs and
//! prints; `hilum-stages` knows the science and `hilum-cache` the bytes.

pub mod audit;
mod checklists;
pub mod checks;
pub mod cli;
pub mod compare_runs;
pub mod diagnostic;
pub mod driver;
pub mod export;
pub mod forget;
pub mod language;
pub mod lineage;
pub mod looks;
pub mod manual;
pub mod mutate;
pub mod patients;
pub mod pipeline;
pub mod plan;
pub mod power;
pub mod progress;
pub mod provenance;
pub mod rehearsal;
pub mod replay;
pub mod report;
pub mod run;
pub mod seal;
pub mod session;
pub mod tables;
pub mod workspace;
