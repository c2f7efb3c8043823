//! The end of a running stage: it is recorded, retried, sent back, or has failed.

use super::{ReadyStage, RunningStage, Scheduler};
use crate::pipeline::model::StageId;
use crate::plan::current::Fault;
use crate::run::event::Event;
use crate::run::job::{Class, Done, Failure};
use crate::run::state::State;
use hilum_cache::checkpoint::Checkpoints;
use hilum_cache::receipt::Artifact;
use hilum_cache::store::Presence;
use hilum_cache::{Digest, Result, StageKey};
use hilum_stages::contract::context::LeftOut;
use hilum_stages::contract::stage::Needs;

impl Scheduler<'_> {
    pub(super) fn ended(&mut self, id: StageId, result: std::result::Result<Done, Failure>) -> Result<()> {
        let running = self.running.remove(&id).expect("BUG: an ended stage was under way");
        match result {
            Ok(done) => {
                self.done(id, &running, done)?;
                self.slots.free(running.held);
                drop(running._lock);
                let twins = self.twins_of(&running.key);
                if !self.stopping {
                    self.recheck([self.below(id), twins].concat())?;
                }
                Ok(())
            }
            Err(mut failure) => {
                // A signal to the whole group reaches a worker before the loop looks.
                self.check_cancelled();
                if failure.class == Class::Cancelled && !self.stopping {
                    failure = Failure {
                        message: "the worker was stopped by SIGTERM".into(),
                        help: Some("run again: a training resumes from its checkpoint".into()),
                        class: Class::Machine,
                    };
                }
                self.slots.free(running.held.clone());
                match failure.class {
                    Class::Machine if !self.stopping => {
                        let RunningStage { key, recipe, stage_inputs, attempt, .. } = running;
                        let again = ReadyStage { key, recipe, stage_inputs, reasons: vec!["retried".into()], last_millis: None, attempt: attempt + 1 };
                        self.retry_or_fail(id, key, again, &failure)
                    }
                    // What else is met while everything stops is met again by the next run.
                    Class::Cancelled | Class::Damaged(_) if self.stopping => {
                        self.interrupted(id, running);
                        self.fail(id, &failure)
                    }
                    Class::Damaged(object) => self.met_damage(id, running.key, object, &failure),
                    _ => self.fail_recipe(id, running.key, &failure),
                }
            }
        }
    }

    /// The machine, or what a stage was started with, failed it: `again` is the next attempt, if the study allows one.
    pub(super) fn retry_or_fail(&mut self, id: StageId, key: StageKey, again: ReadyStage, failure: &Failure) -> Result<()> {
        if again.attempt > self.run.pipeline.stages[id].retry + 1 {
            return self.fail_recipe(id, key, failure);
        }
        self.run.sink.handle(&Event::Retried { stage: self.name(id), why: failure.message.clone() });
        self.states.set(id, State::Ready);
        self.ready.insert(id, again);
        Ok(())
    }

    /// A stage was stopped with the run: reports how far it got.
    fn interrupted(&self, id: StageId, running: RunningStage) {
        if self.run.pipeline.stages[id].kind.needs != Needs::Light {
            let checkpoint = Checkpoints::of(self.run.store, &running.key).step();
            self.run.sink.handle(&Event::Interrupted { stage: self.name(id), progress: running.progress, checkpoint });
        }
    }

    /// A stage met a damaged object: it waits until those who make it have made it again. Another stage may have met it
    /// first, so that they are at it already, or done.
    fn met_damage(&mut self, id: StageId, key: StageKey, object: Digest, failure: &Failure) -> Result<()> {
        let made_again = self.lost.get(&object).is_some_and(|owners| owners.iter().all(|o| self.outputs[*o].is_some()));
        // Once: a stage that still finds it damaged is right.
        if !(made_again && self.run.store.presence(&object, None) == Presence::Intact && self.met.insert((id, object))) {
            self.lose(&object);
        }
        let owners = self.lost.get(&object).cloned().unwrap_or_default();
        if owners.is_empty() {
            return self.fail_recipe(id, key, failure);
        }
        self.states.set(id, State::Waiting);
        let mut waiting = self.twins_of(&key);
        waiting.push(id);
        self.awaited.extend(waiting.iter().map(|w| (*w, owners.clone())));
        self.recheck([owners, waiting].concat())
    }

    /// An object is damaged or missing: the stages that made it go back to waiting. Gives their numbers.
    pub(super) fn lose(&mut self, object: &Digest) -> Vec<StageId> {
        let holds = |a: &Artifact| a.digest == *object || self.run.store.files(a).map_or(true, |files| files.iter().any(|f| f.digest == *object));
        let owners: Vec<StageId> = self.outputs.ids().filter(|i| self.outputs[*i].as_ref().is_some_and(|o| o.values().any(&holds))).collect();
        self.current.made.retain(|_, (_, outputs)| !outputs.values().any(&holds));
        for id in &owners {
            self.run
                .sink
                .handle(&Event::Warning { message: format!("object {} of `{}` is damaged or missing; it will be recomputed", object.short(), self.name(*id)) });
            self.outputs[*id] = None;
            self.states.set(*id, State::Waiting);
        }
        self.lost.entry(*object).or_default().extend(&owners);
        owners
    }

    /// A stage could not carry its recipe out: those that have the same one fail with it, and do not try.
    pub(super) fn fail_recipe(&mut self, id: StageId, key: StageKey, failure: &Failure) -> Result<()> {
        self.fail(id, failure)?;
        let fault = Fault { message: failure.message.clone(), help: failure.help.clone() };
        self.current.failed.insert(key, (id, fault));
        let twins = self.twins_of(&key);
        self.recheck(twins)
    }

    /// A stage left files out: their names go into a list that only the owner sees.
    pub(super) fn left_out(&mut self, id: StageId, files: &[LeftOut]) {
        let stage = self.name(id);
        let Some(key) = self.running.get(&id).map(|f| f.key) else { return };
        self.run.sink.handle(&match self.run.workspace.save_left_out(&stage, &key, files) {
            Ok(list) => Event::LeftOut { stage, files: files.len(), list },
            // What the study gives does not depend on it.
            Err(e) => Event::Warning { message: format!("could not write the list of files that `{stage}` excluded: {e}") },
        });
    }

    pub(super) fn fail(&mut self, id: StageId, failure: &Failure) -> Result<()> {
        if failure.class == Class::Cancelled {
            // Stopped with the run, not failed: as if it had not started.
            self.states.set(id, State::Ready);
        } else {
            self.states.set(id, State::Failed);
            self.run.sink.handle(&Event::Failed { stage: self.name(id), message: failure.message.clone(), help: failure.help.clone() });
            self.recorder.failed(&self.run.pipeline.stages[id].name, &failure.message)?;
            if !self.run.keep_going {
                self.stop();
            }
        }
        Ok(())
    }
}
