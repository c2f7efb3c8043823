//! Journals of what is done with a store, or asked of it, and is no run of a study: an erasure, a replay, a sealed plan. They are chained,
//! signed and verified as those of runs. Independent of what is written into them.

use hilum_cache::evidence::{SigningKey, checkpoint};
use hilum_cache::journal::{self, Audit, Event, Finished};
use hilum_cache::{Journal, Result, WritableStore};

/// The journal of an audit.
pub struct AuditJournal {
    journal: Journal,
}

impl AuditJournal {
    /// Begins one about a study.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn begin(store: &WritableStore, audit: Audit, study: &str) -> Result<AuditJournal> {
        let mut journal = Journal::begin(store)?;
        journal.append(&Event::AuditStarted { audit, study: study.to_owned() })?;
        Ok(AuditJournal { journal })
    }

    /// The name under which it is among the runs.
    pub fn run(&self) -> &str {
        self.journal.run()
    }

    /// Writes down one event; on the disk when this returns.
    ///
    /// # Errors
    /// As [`Journal::append`].
    pub fn append(&mut self, event: &Event) -> Result<()> {
        self.journal.append(event)
    }

    /// The journal, for those who remove something only once it is written down.
    pub fn journal(&mut self) -> &mut Journal {
        &mut self.journal
    }

    /// Ends it, with the checkpoint that says which lines there are.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn finish(mut self, store: &WritableStore, signer: Option<&SigningKey>) -> Result<()> {
        // Torn lines of runs that were killed go aside before their checkpoints are written.
        for (of, bytes) in journal::repair(store)? {
            self.journal.append(&Event::Recovered { of, bytes: bytes as u64 })?;
        }
        let nothing = Finished { executed: 0, reused: 0, failed: 0, skipped: 0, cancelled: false };
        self.journal.append(&Event::Finished(nothing))?;
        checkpoint::write(store, self.journal.run(), signer)
    }
}
