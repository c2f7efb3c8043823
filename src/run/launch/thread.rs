//! Light stages: each in a thread of this process.

use super::{Launch, Launcher, Message, Started};
use crate::run::job::{self, Class, Failure};
use hilum_stages::contract::context::{NoCheckpoints, Said};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Runs each stage in a thread.
pub(super) struct Threads;

struct Running {
    stop: Arc<AtomicBool>,
}

impl Launcher for Threads {
    fn launch(&self, Launch { id, job, messages, .. }: Launch) -> Result<Box<dyn Started>, Failure> {
        let stop = Arc::new(AtomicBool::new(false));
        let flag = stop.clone();
        super::spawn("stage", move || {
            let report = |said: Said| drop(messages.send(Message::Said(id, said)));
            let run = std::panic::AssertUnwindSafe(|| job::perform(&job, &report, &|| flag.load(Ordering::SeqCst), &NoCheckpoints));
            let fault = || Err(Failure { message: "internal error: the stage panicked".into(), help: Some("please report it".into()), class: Class::Data });
            let result = std::panic::catch_unwind(run).unwrap_or_else(|_| fault());
            drop(messages.send(Message::Ended(id, result)));
        })?;
        Ok(Box::new(Running { stop }))
    }
}

impl Started for Running {
    fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
    }
}
