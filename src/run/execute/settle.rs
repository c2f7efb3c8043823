//! Decisions about waiting stages: what each of them comes to, as soon as it can be said.

use super::{ReadyStage, Scheduler};
use crate::checks::LOOKED_AT;
use crate::pipeline::model::StageId;
use crate::plan::{self, Decision};
use crate::run::event::Event;
use crate::run::job::Failure;
use crate::run::state::State;
use hilum_cache::{Digest, Error, Result, StageKey};
use hilum_stages::contract::artifact::ArtifactType;
use std::collections::BTreeSet;

impl Scheduler<'_> {
    fn decide(&self, id: StageId) -> Result<Decision> {
        let known = |stage: StageId, port: &str| self.outputs[stage].as_ref().and_then(|o| o.get(port).cloned());
        self.session.look_again();
        plan::decide(self.run.pipeline, id, &known, &self.session, &self.past, &self.current)
    }

    /// Takes a decision about a waiting stage; `late` where it was made while the run was under way.
    pub(super) fn settle(&mut self, id: StageId, decision: Decision, late: bool) -> Result<()> {
        match decision {
            Decision::Reuse { key, outputs } => {
                self.states.set(id, State::Reused);
                self.outputs[id] = Some(outputs);
                self.count(id);
                if late {
                    self.cut_off.push((self.name(id), key));
                    let of = self.current.made.get(&key).map(|(of, _)| self.name(*of));
                    self.run.sink.handle(&Event::CutOff { stage: self.name(id), of });
                }
            }
            Decision::Execute { key, recipe, stage_inputs, reasons, last_millis, continues } => {
                self.states.set(id, State::Ready);
                self.current.begun.insert(key, id);
                if self.session.forced.contains(&id) {
                    self.current.forced.insert(key);
                }
                let on = continues.map(|step| format!("resumes after step {step}"));
                let reasons = reasons.iter().map(|r| r.say(self.run.pipeline)).chain(on).collect();
                self.ready.insert(id, ReadyStage { key, recipe: *recipe, stage_inputs, reasons, last_millis, attempt: 1 });
            }
            Decision::Share { key, .. } => self.twins.entry(key).or_default().push(id),
            Decision::Fail { fault, .. } => self.fail(id, &Failure::of(fault))?,
            Decision::Undecided { .. } | Decision::Unwanted => {}
        }
        Ok(())
    }

    /// A recipe is no longer under way: the stages that wait for its result, to be re-evaluated.
    pub(super) fn twins_of(&mut self, key: &StageKey) -> Vec<StageId> {
        self.current.begun.remove(key);
        self.twins.remove(key).unwrap_or_default()
    }

    /// Stages that may go on once this one has a result.
    pub(super) fn below(&self, id: StageId) -> Vec<StageId> {
        let awaiting = self.awaited.iter().filter(|(_, owners)| owners.contains(&id)).map(|(waiting, _)| *waiting);
        self.dependents[id].iter().copied().chain(awaiting).collect()
    }

    /// Decides about waiting stages again, after outputs became known; in the order of the study, so that of those with one
    /// recipe the first carries it out.
    pub(super) fn recheck(&mut self, stages: Vec<StageId>) -> Result<()> {
        let mut queue: BTreeSet<StageId> = stages.into_iter().collect();
        while let Some(id) = queue.pop_first() {
            let still_lost = |owners: &Vec<StageId>| owners.iter().any(|o| self.outputs[*o].is_none());
            if self.states.get(id) != State::Waiting || self.awaited.get(&id).is_some_and(still_lost) {
                continue;
            }
            match self.decide(id) {
                Ok(decision) => {
                    let reused = matches!(decision, Decision::Reuse { .. });
                    self.settle(id, decision, true)?;
                    if reused {
                        queue.extend(self.below(id));
                    }
                }
                Err(e @ (Error::Damaged(d) | Error::Missing(d))) => {
                    let owners = self.lose(&d);
                    // Nobody here has it: it is of this stage's own cached result, which is not there from now on.
                    if owners.is_empty() && !self.met.insert((id, d)) {
                        self.fail(id, &Failure::from(hilum_stages::contract::error::Error::Store(e)))?;
                    } else {
                        queue.extend(if owners.is_empty() { vec![id] } else { owners });
                    }
                }
                Err(e) => return Err(e),
            }
        }
        let is_seen = |artifact: ArtifactType| LOOKED_AT.contains(&artifact) || self.has_outside && artifact.is_network();
        let known = self.outputs.iter().flatten().flat_map(|o| o.values());
        let now: BTreeSet<Digest> = known.filter(|a| ArtifactType::of(a).is_some_and(is_seen)).map(|a| a.digest).collect();
        self.checked &= now == self.seen;
        self.seen = now;
        Ok(())
    }
}
