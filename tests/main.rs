//! The program from outside: one theme per file.
#![allow(unreachable_pub)]

mod blame;
mod caching;
mod crashes;
mod documents;
mod faults;
mod findings;
mod golden;
mod hostile;
mod inputs;
mod laws;
mod leakage;
mod leaks;
mod old_stores;
mod pretrained;
mod reading;
mod repeat_runs;
mod repeatable;
mod resume;
mod space;
mod survival;
mod tidy;
mod trainings;
mod verbs;
