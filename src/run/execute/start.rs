//! Starting a stage: it takes what it needs and the key of its recipe, looks once more whether another run was faster, and goes.

use super::{RunningStage, Scheduler};
use crate::pipeline::model::StageId;
use crate::run::event::Event;
use crate::run::job::Job;
use crate::run::launch;
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
        let waiter = self.ready.remove(&id).expect("BUG: only ready stages are started");
        let key = waiter.key;
        let Some(lock) = KeyLock::try_take(self.run.store, &key)? else {
            tracing::debug!(stage = stage.name, %key, "another run holds the lock of this key");
            self.states.set(id, State::Elsewhere);
            self.slots.free(held);
            self.ready.insert(id, waiter);
            return Ok(true);
        };
        tracing::debug!(stage = stage.name, %key, "took the lock of the key");
        // The previous holder of the key may have finished it.
        if !self.current.forced.contains(&key) {
            self.ledger.refresh(self.run.store, self.recorder.run())?;
            if self.ledger.outputs(&key).is_some_and(|o| self.world().has_intact(&o)) {
                self.slots.free(held);
                self.states.set(id, State::Waiting);
                let twins = self.twins_of(&key);
                self.recheck([twins, vec![id]].concat())?;
                return Ok(true);
            }
        }
        for list in &waiter.stage_inputs.lookups {
            self.run.store.put(list)?;
        }
        let job = Job {
            store: self.run.store.root().to_path_buf(),
            kind: stage.kind.name.into(),
            parameters: stage.parameters.clone(),
            seed: stage.seed.map(|s| s.0),
            inputs: waiter.stage_inputs.artifacts.clone(),
            device: held.device,
            images: self.run.workspace.private.join(IMAGE_MAP),
            key,
            checkpoint_every: self.run.checkpoint_every,
            sources: self.run.listings.get(&id).into_iter().flatten().map(|(name, listing)| (name.clone(), (**listing).clone())).collect(),
            pseudonyms: self.run.key.clone(),
        };
        if stage.kind.needs != Needs::Light {
            self.recorder.begun(&stage.name, &job.key)?;
        }
        self.states.set(id, State::Running);
        let device = (stage.kind.needs == Needs::Tensor).then(|| hilum_stages::engine(held.device));
        self.run.sink.handle(&Event::Begun { stage: stage.name.clone(), reasons: waiter.reasons.clone(), device, last_millis: waiter.last_millis });
        let (threads, device) = (held.threads, held.device);
        tracing::debug!(stage = stage.name, kind = stage.kind.name, threads, ?device, attempt = waiter.attempt, "launching");
        let started = if stage.kind.needs == Needs::Light {
            Ok(launch::in_thread(id, job, self.tell.clone()))
        } else {
            let stderr = self.run.store.run_dir(self.recorder.run()).join("stderr").join(stage.name.replace('/', "_") + ".txt");
            launch::in_process(id, &job, held.threads, stderr, self.tell.clone())
        };
        let started = match started {
            Ok(started) => started,
            Err(failure) => {
                self.slots.free(held);
                self.fail_recipe(id, key, &failure)?;
                return Ok(true);
            }
        };
        let flight = RunningStage {
            started,
            held,
            key,
            recipe: waiter.recipe,
            _lock: lock,
            since: Instant::now(),
            began: hilum_cache::clock::now(),
            attempt: waiter.attempt,
            stage_inputs: waiter.stage_inputs,
            progress: None,
        };
        self.flights.insert(id, flight);
        Ok(true)
    }
}
