//! Launchers: each starts a stage somewhere and reports how it goes. Which stages go where is decided here; what a stage does
//! is decided in `job`.

mod process;
mod thread;

use super::job::{Class, Done, Failure, Job};
use crate::pipeline::model::StageId;
use crossbeam_channel::Sender;
use hilum_stages::contract::context::Said;
use hilum_stages::contract::stage::Needs;
use std::path::PathBuf;
use std::sync::Arc;

/// A message from a running stage.
pub enum Message {
    /// Progress or a note.
    Said(StageId, Said),
    /// How it ended; nothing follows.
    Ended(StageId, Result<Done, Failure>),
}

/// A stage that is to be started.
pub struct Launch {
    /// The stage; all its messages name it.
    pub id: StageId,
    /// What it does.
    pub job: Job,
    /// Threads that it may use.
    pub threads: u32,
    /// Where its standard error is kept if it writes any.
    pub stderr: PathBuf,
    /// Receives its messages.
    pub messages: Sender<Message>,
}

/// Starts stages.
pub trait Launcher: Send + Sync {
    /// Starts a stage. Unless this fails, exactly one [`Message::Ended`] follows, whatever becomes of the stage.
    ///
    /// # Errors
    /// If it could not be started.
    fn launch(&self, launch: Launch) -> Result<Box<dyn Started>, Failure>;
}

/// A stage that was started.
pub trait Started: Send {
    /// Asks it to stop; its message follows. A training writes a checkpoint first.
    fn stop(&self);
}

/// Runs something beside the scheduler.
fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), Failure> {
    let spawned = std::thread::Builder::new().name(name.to_owned()).spawn(run);
    let message = |e| format!("no thread could be started: {e}");
    spawned.map(drop).map_err(|e| Failure { message: message(e), help: None, class: Class::Machine })
}

/// The launchers of a run.
#[derive(Clone)]
pub struct Launchers {
    light: Arc<dyn Launcher>,
    heavy: Arc<dyn Launcher>,
}

impl Launchers {
    /// These, for stages that are done at once and for all others.
    pub fn new(light: Arc<dyn Launcher>, heavy: Arc<dyn Launcher>) -> Launchers {
        Launchers { light, heavy }
    }

    /// On this machine: light stages in threads of this process, heavy ones in processes of this program, which is `hilum`.
    pub fn here() -> Launchers {
        // Even if another program has been installed in its place since it started.
        Launchers::with_program("/proc/self/exe".into())
    }

    /// The same for another program that uses this library: heavy stages in processes of `hilum`, which lies at this path.
    pub fn with_program(hilum: PathBuf) -> Launchers {
        Launchers::new(Arc::new(thread::Threads), Arc::new(process::Processes { hilum }))
    }

    /// The launcher of a stage with these needs.
    pub fn of(&self, needs: Needs) -> &dyn Launcher {
        if needs == Needs::Light { &*self.light } else { &*self.heavy }
    }
}
