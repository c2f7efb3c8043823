//! Starting a stage: it takes what it needs and the key of its recipe, looks once more whether another run was faster, and goes.

use super::{RunningStage, Scheduler};
use crate::pipeline::model::StageId;
use crate::run::event::Event;
use crate::run::job::Job;
use crate::run::launch::Launch;
use crate::run::state::State;
use crate::workspace::IMAGE_MAP;
use hilum_cache::Result;
use hilum_cache::lock::KeyLock;
use hilum_stages::contract::stage::Needs;
use std::time::Instant;

impl Scheduler<'_> {
    /// Starts a ready stage; false where nothing is free.
    pub(super) fn start(&mut self, id: StageId, others: u32) -> Result<bool> {
        let stage = &self.run.pipeline.stages[id];
        let Some(held) = self.slots.take(stage, others) else { return Ok(false) };
        let pending = self.ready.remove(&id).expect("BUG: only ready stages are started");
        let key = pending.key;
        let Some(lock) = KeyLock::try_take(self.run.store, &key)? else {
            tracing::debug!(stage = stage.name, %key, "another run holds the lock of this key");
            self.states.set(id, State::Elsewhere);
            if self.elsewhere.insert(id) {
                self.run.sink.handle(&Event::Elsewhere { stage: stage.name.clone() });
            }
            self.slots.free(held);
            self.ready.insert(id, pending);
            return Ok(true);
        };
        tracing::debug!(stage = stage.name, %key, "took the lock of the key");
        // The previous holder of the key may have finished it.
        if !self.current.forced.contains(&key) {
            self.session.ledger.refresh(self.run.store, self.recorder.run())?;
            if self.session.ledger.outputs(&key).is_some_and(|o| {
                self.session.look_again();
                self.session.has_intact(&o)
            }) {
                self.slots.free(held);
                self.states.set(id, State::Waiting);
                let twins = self.twins_of(&key);
                self.recheck([twins, vec![id]].concat())?;
                return Ok(true);
            }
        }
        for list in &pending.stage_inputs.lookups {
            self.run.store.put(list)?;
        }
        let job = Job {
            store: self.run.store.root().to_path_buf(),
            from: self.run.store.root().to_path_buf(),
            kind: stage.kind.name.into(),
            parameters: stage.parameters.clone(),
            seed: stage.seed.map(|s| s.0),
            inputs: pending.stage_inputs.artifacts.clone(),
            device: held.device,
            images: self.run.workspace.private.join(IMAGE_MAP),
            key,
            checkpoint_every: self.run.checkpoint_every,
            sources: self.session.listings.get(&id).into_iter().flatten().map(|(name, listing)| (name.clone(), (**listing).clone())).collect(),
            pseudonyms: self.run.key.clone(),
        };
        if stage.kind.needs != Needs::Light {
            self.recorder.begun(&stage.name, &job.key)?;
        }
        self.states.set(id, State::Running);
        let device = (stage.kind.needs == Needs::Tensor).then(|| hilum_stages::engine(held.device));
        self.run.sink.handle(&Event::StageStarted { stage: stage.name.clone(), reasons: pending.reasons.clone(), device, last_millis: pending.last_millis });
        let (threads, device) = (held.threads, held.device);
        tracing::debug!(stage = stage.name, kind = stage.kind.name, threads, ?device, attempt = pending.attempt, "launching");
        let stderr = self.run.store.run_dir(self.recorder.run()).join("stderr").join(stage.name.replace('/', "_") + ".txt");
        let started = self.run.launchers.of(stage.kind.needs).launch(Launch { id, job, threads, stderr, messages: self.sender.clone() });
        let started = match started {
            Ok(started) => started,
            Err(failure) => {
                self.slots.free(held);
                self.retry_or_fail(id, key, pending.retried(), &failure)?;
                return Ok(true);
            }
        };
        let running = RunningStage {
            started,
            held,
            key,
            recipe: pending.recipe,
            _lock: lock,
            since: Instant::now(),
            began: hilum_cache::clock::now(),
            attempt: pending.attempt,
            stage_inputs: pending.stage_inputs,
            progress: None,
        };
        self.running.insert(id, running);
        Ok(true)
    }
}
