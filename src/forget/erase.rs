//! Removing what an erasure takes: first what only helps to find the patient, then the objects, each after the line that says so, and last
//! the certificate. A process that is killed on the way leaves lines that the next erasure acts upon. Independent of what is removed.

use super::certificate::{Certificate, Counts, Private};
use super::survey::Survey;
use crate::audit::AuditJournal;
use crate::patients;
use crate::workspace::{Theirs, Workspace};
use hilum_cache::evidence::{SigningKey, chain};
use hilum_cache::journal::{Audit, Event};
use hilum_cache::{Error, Result, WritableStore, erasure};
use std::fs;

/// What an erasure needs.
pub struct Erasure<'a> {
    /// The store; no reader of this process may hold it.
    pub store: &'a WritableStore,
    /// The directories of the study.
    pub workspace: &'a Workspace,
    /// What goes.
    pub survey: &'a Survey,
    /// True for the name of a file that is the patient's.
    pub is_named: &'a dyn Fn(&str) -> bool,
    /// Signs the record.
    pub signer: Option<&'a SigningKey>,
}

/// Removes it all, and completes the certificate with what was removed.
///
/// # Errors
/// [`Error::Busy`] while another process uses the store; nothing of it is removed then. If something cannot be removed or written.
pub fn erase(erasure: &Erasure, certificate: Certificate) -> Result<Certificate> {
    let Erasure { store, workspace, survey, is_named, signer } = erasure;
    let head = chain::examine(store, &[])?.checkpoints.last().map(|last| last.digest.hex());
    let kept = |key: &str| survey.kept_keys.contains(key);
    let theirs = Theirs { images: &survey.images, is_named, is_kept: &kept };
    // Nobody must be at work who would need what goes: said before anything is removed.
    drop(hilum_cache::lock::StoreLock::own(store)?);
    let private = workspace.forget(&theirs)?;
    match fs::remove_file(store.root().join(patients::FILE)) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(Error::io("remove", &store.root().join(patients::FILE))(e)),
        _ => {}
    }
    let mut journal = AuditJournal::begin(store, Audit::Erasure, &certificate.study)?;
    let taken = &survey.taken;
    let removed = erasure::erase(store, journal.journal(), &taken.objects, &taken.trainings)?;
    let erased = Counts {
        results: taken.results,
        not_known: taken.not_known,
        equal: taken.equal,
        objects: removed.objects,
        bytes: removed.bytes,
        lists: taken.lists,
        unclaimed: taken.unclaimed,
        checkpoints: taken.trainings.len(),
        resumed: survey.rest.len(),
    };
    let certificate = Certificate { head, erased, private: Private::of(private), ..certificate };
    let value = serde_json::to_value(&certificate).expect("BUG: plain JSON");
    journal.append(&Event::Certificate { certificate: value })?;
    journal.finish(store, *signer)?;
    Ok(certificate)
}
