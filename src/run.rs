//! Executing a plan. `execute` is the loop, `state` the only place where a stage changes its state, `slots` says
//! what may run at once, `launch` starts stages, here or elsewhere, `job` is what both a worker and a thread do.

pub mod environment;
pub mod event;
pub mod execute;
pub mod job;
pub mod launch;
pub mod record;
pub mod results;
pub mod slots;
pub mod state;
pub mod worker;
