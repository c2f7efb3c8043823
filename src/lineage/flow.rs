//! How lineage passes through one stage: what an output takes from the inputs. Independent of files and of the graph beyond them.

use super::{Evidence, Flow, KnownOutput, Lineage, PatientsAndImages};
use crate::pipeline::model::{Input, Source, Stage, StageId};
use hilum_cache::{Digest, Result};
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::contract::port::Port;
use hilum_stages::contract::stage::Takes;
use std::collections::BTreeMap;
use std::sync::Arc;

impl Lineage {
    /// What reaches an output from the inputs of its stage.
    pub(super) fn flow_of(&mut self, id: StageId, stage: &Stage, port: &'static Port, known: KnownOutput, evidence: &Evidence) -> Result<Flow> {
        let (mut flow, mut inputs) = (Flow { is_synthetic: true, ..Flow::default() }, 0);
        let table = known(id, port.name).filter(|_| port.artifact == ArtifactType::Samples);
        let held = table.map(|a| self.roster.table(&a, self.spaces.get(id), evidence)).transpose()?;
        // A table without synthetic rows is what it contains, whatever it was drawn from.
        let follows_from_inputs = held.as_ref().is_none_or(|held| !held.generators.is_empty());
        for (names, stands_in_it) in [(port.contains, true), (port.influenced, false)] {
            for (input, source) in bound(stage, names).filter(|_| follows_from_inputs) {
                let part = self.part(stage, input, source, known, evidence)?;
                flow.influenced.add(&part.influenced);
                join(&mut flow.generators, part.generators);
                if stands_in_it {
                    flow.contains.add(&part.contains);
                    flow.is_synthetic &= part.is_synthetic;
                    inputs += 1;
                    flow.within = part.within.clone().filter(|_| inputs == 1);
                    flow.some.extend(part.some);
                } else {
                    flow.influenced.add(&part.contains);
                }
            }
        }
        flow.is_synthetic = stage.kind.synthetic || flow.is_synthetic && inputs > 0;
        let Some(held) = held else { return Ok(flow) };
        if stage.inputs.is_empty() {
            flow.generators = self.known_generators(id, &held.generators, evidence)?;
        }
        // Patients come in by its rows, and by the generators of those that are synthetic: by nothing else.
        flow.generators.retain(|g, _| held.generators.contains_key(&Some(*g)));
        flow.influenced = PatientsAndImages::default();
        flow.generators.values().for_each(|r| flow.influenced.add(r));
        flow.contains = held.all.clone();
        flow.within = (!held.owners.is_empty() && held.owners.iter().all(|o| o.1.is_some())).then(|| held.all.patients.clone());
        flow.some.clear();
        flow.is_synthetic = held.is_synthetic;
        Ok(flow)
    }

    /// What this store knows of generators whose images come from outside.
    fn known_generators(
        &mut self,
        id: StageId,
        all: &BTreeMap<Option<Digest>, usize>,
        evidence: &Evidence,
    ) -> Result<BTreeMap<Digest, Arc<PatientsAndImages>>> {
        let mut out = BTreeMap::new();
        for (generator, rows) in all {
            let origins = generator.map(|g| self.history.origins(&g, &mut self.roster, evidence)).transpose()?.flatten();
            if origins.as_ref().is_none_or(|o| !o.is_whole) {
                *self.unknown_generators.entry(id).or_default() += rows;
            }
            if let (Some(generator), Some(origins)) = (generator, origins) {
                out.insert(*generator, Arc::new(origins.reach.clone()));
            }
        }
        Ok(out)
    }

    /// Images per label of a table that a stage is given, if it is known.
    fn labels(&self, stage: &Stage, port: &str, known: KnownOutput, evidence: &Evidence) -> Option<BTreeMap<String, usize>> {
        let source = stage.input(port)?.from.first()?;
        let table = known(source.stage, source.port).filter(|a| ArtifactType::Samples.is(a))?;
        let summary = evidence.tables.summary(evidence.store, &table).ok()?;
        Some(summary.labels.iter().map(|(label, of)| (label.clone(), of.real + of.synthetic)).collect())
    }

    /// What a stage surely takes from one of its inputs.
    fn part(&mut self, stage: &Stage, input: &Input, source: &Source, known: KnownOutput, evidence: &Evidence) -> Result<Flow> {
        let whole = self.flow(source.stage, source.port);
        // Rows drawn from images of one generator are of that generator, and rows drawn from images of some patients are of these.
        let choice = |whole: Flow| Flow {
            contains: PatientsAndImages::default(),
            influenced: if whole.is_synthetic { whole.influenced } else { PatientsAndImages::default() },
            generators: whole.generators,
            is_synthetic: whole.is_synthetic,
            some: whole.within.iter().cloned().collect(),
            within: whole.within,
        };
        Ok(match stage.stage.takes(input.port.name) {
            Takes::All => whole,
            Takes::Some if stage.stage.draws(input.port.name, &|other| self.labels(stage, other, known, evidence)) => choice(whole),
            Takes::Some => Flow { some: vec![], within: None, influenced: PatientsAndImages::default(), ..choice(whole) },
            Takes::Any => Flow { some: vec![], within: None, influenced: PatientsAndImages::default(), ..choice(whole) },
            Takes::Labels(labels) => match self.table(source, known, evidence)? {
                None => choice(whole),
                Some(held) => {
                    let mut flow = Flow { is_synthetic: held.is_synthetic, ..Flow::default() };
                    for of_label in labels.iter().filter_map(|l| held.by_label.get(l)) {
                        flow.contains.add(&of_label.reach);
                        let theirs = whole.generators.iter().filter(|(g, _)| of_label.generators.contains(g));
                        join(&mut flow.generators, theirs.map(|(g, r)| (*g, r.clone())));
                    }
                    flow.generators.values().for_each(|r| flow.influenced.add(r));
                    flow
                }
            },
        })
    }
}

/// Adds generators; two of equal bytes may have been made of different patients.
fn join(all: &mut BTreeMap<Digest, Arc<PatientsAndImages>>, more: impl IntoIterator<Item = (Digest, Arc<PatientsAndImages>)>) {
    for (generator, reach) in more {
        let known = all.entry(generator).or_insert_with(|| reach.clone());
        if **known != *reach {
            Arc::make_mut(known).add(&reach);
        }
    }
}

/// The sources that are bound to these inputs. Looked-up images add no patient whom the table does not name.
fn bound<'a>(stage: &'a Stage, names: &'static [&'static str]) -> impl Iterator<Item = (&'a Input, &'a Source)> {
    let inputs = stage.inputs.iter().filter(move |i| names.contains(&i.port.name) && i.port.by.is_empty());
    inputs.flat_map(|i| i.from.iter().map(move |s| (i, s)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generators_of_equal_bytes_have_the_patients_of_both() {
        let reach = |patients: &[u32]| Arc::new(PatientsAndImages { patients: patients.iter().copied().collect(), ..PatientsAndImages::default() });
        let (g, other) = (Digest::of(b"g"), Digest::of(b"other"));
        let first = reach(&[1, 2]);
        let mut all = BTreeMap::from([(g, first.clone())]);
        join(&mut all, [(g, reach(&[2, 3])), (other, reach(&[7]))]);
        assert_eq!(all[&g], reach(&[1, 2, 3]));
        assert_eq!(all[&other], reach(&[7]));
        // What another output knows of it stays as it is.
        assert_eq!(first, reach(&[1, 2]));
        // What is the same is shared, not copied.
        let shared = all[&other].clone();
        join(&mut all, [(other, reach(&[7]))]);
        assert!(Arc::ptr_eq(&shared, &all[&other]));
    }
}
