//! What follows a stage, and what follows the last one: receipts, counts, the end of the journal.

use super::{Finding, Outcome, RunningStage, Scheduler, StageId, State};
use crate::run::environment;
use crate::run::event::Event;
use crate::run::job::Done;
use crate::run::record;
use hilum_cache::checkpoint::Checkpoints;
use hilum_cache::journal::Finished;
use hilum_cache::{Receipt, Result};
use hilum_stages::contract::stage::Needs;
use std::sync::Arc;

impl Scheduler<'_> {
    /// Records a finished stage.
    pub(super) fn done(&mut self, id: StageId, running: &RunningStage, done: Done) -> Result<()> {
        let stage = &self.run.pipeline.stages[id];
        let key = running.key;
        let before = self.session.ledger.outputs(&key);
        let differs = self.current.forced.contains(&key) && before.is_some_and(|b| *b != done.outputs);
        let millis = running.since.elapsed().as_millis() as u64;
        let receipt = Receipt {
            key,
            study: self.run.pipeline.study.clone(),
            stage: stage.name.clone(),
            recipe: running.recipe.clone(),
            outputs: done.outputs.clone(),
            flow: record::flows(self.run.pipeline, id),
            determinism: stage.kind.determinism,
            environment: environment::environment(running.held.threads, (stage.kind.needs == Needs::Tensor).then_some(running.held.device)),
            started: running.began.clone(),
            millis,
            peak_memory: done.peak_memory,
            attempt: running.attempt,
            notes: done.notes.iter().map(ToString::to_string).collect(),
        };
        self.recorder.receipt(&receipt)?;
        for (port, artifact) in receipt.outputs.iter() {
            tracing::debug!(stage = stage.name, port, digest = %artifact.digest, bytes = artifact.bytes, "stored");
        }
        tracing::debug!(stage = stage.name, %key, "receipt written");
        self.made.push(receipt);
        // Its job has a store of its own: what was damaged here may be whole now.
        self.run.store.look_again();
        Checkpoints::of(self.run.store, &key).remove();
        let outputs = Arc::new(done.outputs);
        self.current.made.insert(key, (id, outputs.clone()));
        self.states.set(id, State::Executed);
        self.outputs[id] = Some(outputs);
        self.count(id);
        self.run.sink.handle(&Event::StageFinished { stage: stage.name.clone(), millis, peak_memory: done.peak_memory, notes: done.notes, differs });
        Ok(())
    }

    /// Ends the run: what still waits is skipped, the checks are made on what is there, the journal is closed.
    pub(super) fn finish(mut self) -> Result<Outcome> {
        let cancelled = self.interrupted;
        let mut skipped = self.states.count(State::Waiting);
        if !cancelled && self.refused.is_empty() {
            for id in self.states.all(State::Waiting) {
                self.states.set(id, State::Skipped);
                self.run.sink.handle(&Event::Skipped { stage: self.name(id) });
            }
        }
        skipped += self.states.count(State::Ready) + self.states.count(State::Elsewhere);
        let found = self.findings()?;
        self.record(&found)?;
        let is_refused = found.iter().any(Finding::refuses);
        self.recorder.reused(&std::mem::take(&mut self.cut_off))?;
        let (executed, reused, failed) = (self.states.count(State::Executed), self.states.count(State::Reused), self.states.all(State::Failed));
        self.recorder.finished(Finished { executed, reused, failed: failed.len(), skipped, cancelled }, self.run.store, self.run.signer)?;
        Ok(Outcome {
            executed,
            reused,
            failed,
            skipped,
            outputs: std::mem::take(&mut self.outputs),
            found,
            reported: std::mem::take(&mut self.reported),
            is_refused,
            cancelled,
        })
    }
}
