//! Whether an image's pixels are unambiguous: two packs may contain one image with different pixels.

use super::{CheckInput, CheckResult};
use crate::pipeline::model::{Input, StageId};
use hilum_stages::words::counted;
use std::collections::{BTreeMap, HashSet};

/// Looked-up images that two packs contain with different pixels.
pub(super) fn ambiguous(look: &CheckInput) -> Vec<CheckResult> {
    let mut out = vec![];
    let mut known: BTreeMap<(String, Vec<String>), u64> = BTreeMap::new();
    for (id, stage) in look.p.stages.pairs() {
        for input in stage.inputs.iter().filter(|i| !i.port.by.is_empty() && i.from.len() > 1) {
            let packs: Vec<_> = input.from.iter().filter_map(|s| (look.known)(s.stage, s.port)).collect();
            if packs.len() < 2 {
                continue;
            }
            let key = (tables(look, id, input), packs.iter().map(|a| a.digest.hex()).collect());
            let count = *known.entry(key).or_insert_with(|| count(look, id, input));
            if count > 0 {
                let names: Vec<String> = input.from.iter().map(|s| format!("`{}`", look.p.stages[s.stage].name)).collect();
                out.push(CheckResult {
                    stage: id,
                    at: input.span,
                    label: counted(count, "image has different pixels in these packs", "images have different pixels in these packs"),
                    message: format!("`{}` has images with ambiguous pixels", stage.base),
                    notes: vec![format!("the packs: {}", names.join(", "))],
                    help: "bind one pack per image",
                    count,
                    unit: "images",
                    path: vec![],
                });
            }
        }
    }
    out
}

fn looked_up<'a>(look: &'a CheckInput, id: StageId, input: &'a Input) -> impl Iterator<Item = hilum_cache::receipt::Artifact> + 'a {
    let stage = &look.p.stages[id];
    let by = stage.inputs.iter().filter(|i| input.port.by.contains(&i.port.name));
    by.flat_map(|i| &i.from).filter_map(|s| (look.known)(s.stage, s.port))
}

fn tables(look: &CheckInput, id: StageId, input: &Input) -> String {
    looked_up(look, id, input).map(|a| a.digest.hex()).collect::<Vec<_>>().join(" ")
}

fn count(look: &CheckInput, id: StageId, input: &Input) -> u64 {
    let (tables, store) = (look.evidence.tables, look.evidence.store);
    let mut images = HashSet::new();
    for table in looked_up(look, id, input) {
        images.extend(tables.samples(store, &table).iter().flat_map(|rows| rows.iter().map(|r| r.image)));
    }
    let packs: Vec<_> = input.from.iter().filter_map(|s| (look.known)(s.stage, s.port)).filter_map(|a| tables.pack(store, &a).ok()).collect();
    let differs = |image: &hilum_cache::Digest| {
        let mut pixels = packs.iter().filter_map(|p| p.get(image));
        pixels.next().is_some_and(|first| pixels.any(|other| other != first))
    };
    images.iter().filter(|i| differs(i)).count() as u64
}
