//! Lines of journals in short, for the commands that list them.

use super::trust::short;
use hilum_cache::journal::{Audit, Entry, Event, ReplayOutcome};
use hilum_stages::words::counted;

/// What a line says.
pub(super) fn what(entry: &Entry) -> String {
    match &entry.event {
        None => "not known to this program".to_owned(),
        Some(Event::Started { study, pipeline, .. }) => format!("{study}, pipeline {}", pipeline.short()),
        Some(Event::Recovered { of, bytes }) => format!("{bytes} bytes of a torn line of run {of}"),
        Some(Event::StageStarted { stage, key }) => format!("{stage}, key {}", key.0.short()),
        Some(Event::Reused { stages, .. }) => counted(stages.len(), "stage", "stages"),
        Some(Event::Receipt { receipt }) => {
            let outputs: Vec<String> = receipt.outputs.iter().map(|(port, artifact)| format!("{port} sha256:{}", short(&artifact.sha256.hex()))).collect();
            format!("{}, key {}, {}", receipt.stage, receipt.key.0.short(), outputs.join(", "))
        }
        Some(Event::Failed(failure)) => format!("{}: {}", failure.stage, failure.message),
        Some(Event::Finding(finding)) => format!("{} at {}", finding.id, finding.stage),
        Some(Event::Checked { decided, .. }) => counted(decided.len(), "check is decided", "checks are decided"),
        Some(Event::AuditStarted { audit, study }) => format!("{} of {study}", audit_name(*audit)),
        Some(Event::Erased { objects }) => counted(objects.len(), "object", "objects"),
        Some(Event::Replayed(replayed)) => format!("{} of run {}: {}", replayed.stage, replayed.run, outcome(replayed.outcome)),
        Some(Event::Sealed { study, .. }) => format!("the analysis of {study}"),
        Some(Event::Certificate { .. }) => "what came of it: `hilum show RUN --json` has it".to_owned(),
        Some(Event::Finished(counts)) => format!("{} executed, {} reused, {} failed", counts.executed, counts.reused, counts.failed),
    }
}

/// What a journal is the record of, in words.
pub(super) fn audit_name(audit: Audit) -> &'static str {
    match audit {
        Audit::Erasure => "erasure",
        Audit::Replay => "replay",
        Audit::Seal => "sealed plan",
    }
}

/// What came of computing a stage again, in words.
fn outcome(outcome: ReplayOutcome) -> &'static str {
    match outcome {
        ReplayOutcome::Same => "the same bytes",
        ReplayOutcome::Differs => "OTHER bytes",
        ReplayOutcome::NotComparable => "not comparable",
        ReplayOutcome::NotReplayed => "not replayed",
    }
}
