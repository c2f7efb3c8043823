//! The walk back along receipts.

use super::{Images, Spaces, Walk, Walked};
use crate::patients::drawn::Receipt;
use hilum::patients::Gap;
use hilum_cache::Digest;
use hilum_cache::recipe::Input;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

impl Walk<'_> {
    pub(super) fn stage(&self, run: usize, stage: &str, at: usize) -> Rc<BTreeMap<String, Walked>> {
        let place = (run, stage.to_owned(), at);
        if let Some(known) = self.known.borrow().get(&place) {
            return known.clone();
        }
        let receipt = &self.plain.store.receipts[at];
        if !self.above.borrow_mut().insert(place.clone()) {
            self.is_cyclic.set(true);
            return Rc::new(receipt.outputs.keys().map(|port| (port.clone(), Walked::default())).collect());
        }
        let inputs: BTreeMap<&String, (Vec<(Walked, Option<(Digest, Spaces)>)>, bool)> =
            receipt.inputs.iter().map(|(port, input)| (port, self.given(run, stage, port, input))).collect();
        let files = self.files(receipt);
        let mut out: BTreeMap<String, Walked> = BTreeMap::new();
        for (port, output) in &receipt.outputs {
            let walked = match output.kind {
                "samples" => self.table(&output.digest, &self.plain.spaces(run, stage), None, &|generator| {
                    let near: Vec<(Images, BTreeSet<Gap>)> =
                        inputs.values().flat_map(|(all, _)| all).filter_map(|(w, _)| w.generators.get(generator).cloned()).collect();
                    if near.is_empty() { self.generators(generator) } else { near }
                }),
                "patients" => continue,
                _ => {
                    let mut walked = self.other(receipt, port, &inputs);
                    walked.influenced.extend(files.0.iter().copied());
                    walked.gaps.extend(files.1.iter().copied());
                    if output.kind == "generator" {
                        let reach = walked.contains.union(&walked.influenced).copied().collect();
                        walked.generators = [(output.digest, (reach, walked.gaps.clone()))].into();
                    }
                    walked
                }
            };
            out.insert(port.clone(), walked);
        }
        for port in receipt.outputs.iter().filter(|(_, output)| output.kind == "patients").map(|(port, _)| port) {
            let samples = &out["samples"];
            let walked = Walked { contains: samples.contains.clone(), gaps: samples.gaps.clone(), ..Walked::default() };
            out.insert(port.clone(), walked);
        }
        let out = Rc::new(out);
        self.above.borrow_mut().remove(&place);
        self.known.borrow_mut().insert(place, out.clone());
        out
    }

    /// What a port was given, with the table where it is one; and whether something of it is not recorded.
    fn given(&self, run: usize, stage: &str, port: &str, input: &Input) -> (Vec<(Walked, Option<(Digest, Spaces)>)>, bool) {
        let store = self.plain.store;
        let (mut out, mut is_missing, mut covered) = (vec![], false, BTreeSet::new());
        let mut add = |run: usize, stage: &str, at: usize, port: &str| {
            let output = &store.receipts[at].outputs[port];
            let is_table = output.kind == "samples" && self.plain.rows(&output.digest).is_some();
            let table = is_table.then(|| (output.digest, self.plain.spaces(run, stage)));
            out.push((self.stage(run, stage, at)[port].clone(), table));
        };
        let is_lookup = matches!(input, Input::Lookup { .. });
        let bound = self.plain.bound(run, stage).into_iter().filter(|(name, _)| name == port).flat_map(|(_, from)| from);
        for (from, output) in bound.filter(|from| !is_lookup || self.plain.is_table(run, from)) {
            let Some(at) = store.result(run, &from).filter(|at| store.receipts[*at].outputs.contains_key(&output)) else { continue };
            covered.insert(store.receipts[at].outputs[&output].digest);
            add(run, &from, at, &output);
        }
        let digests: Vec<Digest> = match input {
            Input::One(digest) => vec![*digest],
            Input::List(all) => all.clone(),
            Input::Gathered(cells) => cells.iter().map(|cell| cell.digest).collect(),
            Input::Lookup { .. } => vec![],
        };
        for digest in digests.into_iter().filter(|digest| !covered.contains(digest)) {
            let makers = self.makers(&digest);
            is_missing |= makers.is_empty();
            for (at, port) in makers {
                add(store.receipts[at].run, &store.receipts[at].stage, at, &port);
            }
        }
        (out, is_missing)
    }

    fn makers(&self, digest: &Digest) -> Vec<(usize, String)> {
        let all = self.plain.store.receipts.iter().enumerate();
        all.flat_map(|(at, r)| r.outputs.iter().filter(|(_, o)| o.digest == *digest).map(move |(port, _)| (at, port.clone()))).collect()
    }

    fn made(&self, digest: &Digest) -> Vec<Walked> {
        let receipts = &self.plain.store.receipts;
        self.makers(digest).into_iter().map(|(at, port)| self.stage(receipts[at].run, &receipts[at].stage, at)[&port].clone()).collect()
    }

    fn generators(&self, generator: &Digest) -> Vec<(Images, BTreeSet<Gap>)> {
        self.made(generator).into_iter().filter_map(|w| w.generators.get(generator).cloned()).collect()
    }

    fn files(&self, receipt: &Receipt) -> (Images, BTreeSet<Gap>) {
        let (mut images, mut gaps) = (Images::new(), BTreeSet::new());
        for source in &receipt.sources {
            let made = self.made(source);
            if made.is_empty() && receipt.kind == "train-gan" {
                gaps.insert(Gap::Weights);
            }
            for walked in made {
                images.extend(walked.contains);
                images.extend(walked.influenced);
                gaps.extend(walked.gaps);
            }
        }
        (images, gaps)
    }

    fn table(&self, table: &Digest, spaces: &Spaces, labels: Option<&str>, generators: &dyn Fn(&Digest) -> Vec<(Images, BTreeSet<Gap>)>) -> Walked {
        let mut out = Walked::default();
        let Some(rows) = self.plain.rows(table) else {
            out.gaps.insert(Gap::Table);
            return out;
        };
        let unclear = |space: &String| self.plain.unclear.contains(space);
        if self.plain.all_unclear || spaces.as_ref().map_or(!self.plain.unclear.is_empty(), |spaces| spaces.iter().any(unclear)) {
            out.gaps.insert(Gap::Pseudonyms);
        }
        for row in rows.iter().filter(|row| labels.is_none_or(|label| row.label == label)) {
            out.contains.extend(Some(row.image).filter(|image| self.mine.contains(image)));
            let named = &self.plain.of_image[&row.image];
            if row.is_synthetic && named.is_empty() {
                out.gaps.insert(Gap::Generator);
            }
            for generator in named {
                let reach = generators(generator);
                if reach.is_empty() {
                    out.gaps.insert(Gap::Generator);
                }
                for (images, gaps) in reach {
                    out.influenced.extend(images.iter().copied());
                    out.gaps.extend(gaps.iter().copied());
                    let known = out.generators.entry(*generator).or_default();
                    known.0.extend(images);
                    known.1.extend(gaps);
                }
            }
        }
        out
    }

    fn other(&self, receipt: &Receipt, port: &str, inputs: &BTreeMap<&String, (Vec<(Walked, Option<(Digest, Spaces)>)>, bool)>) -> Walked {
        let mut out = Walked::default();
        for (name, (given, is_missing)) in inputs {
            let (contains, influenced) = receipt.flow.get(port).map_or((true, true), |f| (f.contains.contains(name), f.influenced.contains(name)));
            if !contains && !influenced {
                continue;
            }
            if *is_missing {
                out.gaps.insert(Gap::Record);
            }
            for (walked, table) in given {
                // Of a table, this kind takes the rows of one label.
                let walked = match table.as_ref().filter(|_| receipt.kind == "combine") {
                    Some((digest, spaces)) => self.table(digest, spaces, Some("a"), &|g| walked.generators.get(g).cloned().into_iter().collect()),
                    None => walked.clone(),
                };
                if contains {
                    out.contains.extend(walked.contains.iter().copied());
                }
                if influenced {
                    out.influenced.extend(walked.contains);
                }
                out.influenced.extend(walked.influenced);
                out.gaps.extend(walked.gaps);
                for (generator, (images, gaps)) in walked.generators {
                    let known = out.generators.entry(generator).or_default();
                    known.0.extend(images);
                    known.1.extend(gaps);
                }
            }
        }
        out
    }
}
