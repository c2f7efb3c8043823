//! The program from outside: one theme per file.
#![allow(unreachable_pub)]
#![allow(clippy::print_stdout)] // laws print what they counted

mod blame;
mod caching;
mod calls;
mod checks;
mod comparison;
mod crashes;
mod deny;
mod diff;
mod documents;
mod driver;
mod examples;
mod faults;
mod findings;
mod fuzz;
mod golden;
mod history;
mod hostile;
mod inputs;
mod json;
mod kills;
mod language;
mod laws;
mod leakage;
mod leaks;
mod nested;
mod old_stores;
mod pipelines;
mod pretrained;
mod published;
mod reading;
mod repeat_runs;
mod repeatable;
mod resume;
mod schema;
mod shells;
mod shown;
mod space;
mod survival;
mod tables;
mod tidy;
mod tracing;
mod trainings;
mod upstream;
mod verbs;
