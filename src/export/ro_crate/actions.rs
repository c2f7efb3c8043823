//! What happened: an action for each stage that has a result or failed, and one for the run as a whole.

use super::graph::{Graph, encoded, one_or_list, reference};
use super::outputs::Outputs;
use super::{ENGINE, ORGANIZE, STUDY, WHOLE, tools};
use crate::export::facts::{Facts, Made, kind};
use crate::export::times::{self, with_offset};
use crate::provenance::output;
use hilum_cache::canonical;
use hilum_cache::receipt::Environment;
use serde_json::{Value, json};

const COMPLETED: &str = "http://schema.org/CompletedActionStatus";
const FAILED: &str = "http://schema.org/FailedActionStatus";

/// References to what was added.
#[derive(Default)]
pub(super) struct Actions {
    pub(super) steps: Vec<Value>,
    /// Actions that the root of the crate mentions.
    pub(super) mentions: Vec<Value>,
    controls: Vec<Value>,
}

/// Adds all actions.
pub(super) fn actions(facts: &Facts, outputs: &Outputs, graph: &mut Graph) -> Actions {
    let mut out = Actions::default();
    for (position, id) in facts.graph.roots.iter().enumerate() {
        let node = &facts.graph.nodes[*id];
        let (action, tool) = match facts.made_by(*id) {
            Some(made) => (add(facts, made, outputs, graph), tools::id(&made)),
            None => match facts.record.failures.iter().find(|f| f.stage == node.stage) {
                Some(failure) => {
                    let tool = tools::named(&node.kind, kind(&node.kind).map_or(0, |k| k.version));
                    let action = format!("#action/{}", encoded(&node.stage));
                    graph.add(json!({
                        "@id": action, "@type": "CreateAction", "name": node.stage, "description": "A stage that failed", "instrument": reference(&tool),
                        "actionStatus": FAILED, "error": failure.message, "endTime": with_offset(&facts.ended),
                    }));
                    (action, tool)
                }
                None => continue,
            },
        };
        let step = tools::step(position, &node.stage, &tool, graph);
        let control = format!("#control/{}", encoded(&node.stage));
        graph.add(json!({
            "@id": control, "@type": "ControlAction", "name": format!("orchestrate {}", node.stage), "instrument": step, "object": reference(&action),
        }));
        out.steps.push(step);
        out.mentions.push(reference(&action));
        out.controls.push(reference(&control));
    }
    whole(facts, outputs, &out, graph);
    out
}

/// The run as a whole, and that hilum organised it.
fn whole(facts: &Facts, outputs: &Outputs, actions: &Actions, graph: &mut Graph) {
    let status = if facts.is_complete() { COMPLETED } else { FAILED };
    let is_end = |made: &Made| facts.takers(made.id, None).next().is_none();
    let results = facts.made().filter(is_end).flat_map(|m| m.result.outputs.iter().filter_map(move |(port, _)| outputs.id(&m.node.stage, port)));
    let results: Vec<Value> = results.map(reference).collect();
    let sources = facts.made().flat_map(|m| m.receipt.recipe.sources.keys().map(move |name| source(&m, name)).collect::<Vec<_>>());
    let sources: Vec<Value> = sources.map(|id| reference(&id)).collect();
    let mut run = json!({
        "@id": WHOLE, "@type": "CreateAction", "name": format!("run {}", facts.run), "description": format!("The run of the study `{}`", facts.record.study),
        "instrument": reference(STUDY), "startTime": with_offset(&facts.record.started), "endTime": with_offset(&facts.ended), "actionStatus": status, "result": one_or_list(results),
    });
    if !sources.is_empty() {
        run["object"] = one_or_list(sources);
    }
    if status == FAILED {
        run["error"] = "The run was interrupted, a stage failed, or stages are without a result.".into();
    }
    graph.add(run);
    graph.add(json!({
        "@id": ORGANIZE, "@type": "OrganizeAction", "name": format!("hilum organised run {}", facts.run), "instrument": reference(ENGINE),
        "description": "Started what had to run, and reused what was up to date", "object": one_or_list(actions.controls.clone()), "result": reference(WHOLE),
        "startTime": with_offset(&facts.record.started), "endTime": with_offset(&facts.ended), "actionStatus": status,
    }));
}

fn source(made: &Made, name: &str) -> String {
    format!("#source/{}/{}", encoded(&made.node.stage), encoded(name))
}

/// Adds the action of a stage; gives its id.
fn add(facts: &Facts, made: Made, outputs: &Outputs, graph: &mut Graph) -> String {
    let (stage, tool, recipe) = (&made.node.stage, tools::id(&made), &made.receipt.recipe);
    let id = format!("#action/{}", encoded(stage));
    let mut objects = vec![];
    for (port, from, taken) in made.inputs() {
        if let Some(entity) = outputs.id(&facts.graph.nodes[from].stage, taken) {
            tools::bind(&tool, "input", "input", port, entity, graph);
            let entity = reference(entity);
            if !objects.contains(&entity) {
                objects.push(entity);
            }
        }
    }
    for (name, digest) in &recipe.sources {
        let entity = source(&made, name);
        graph.add(json!({
            "@id": entity, "@type": "PropertyValue", "name": name, "value": digest, "propertyID": "blake3",
            "description": "A file or directory outside the store, by the digest of its content; it is not in this crate",
        }));
        tools::bind(&tool, "input", "source", name, &entity, graph);
        objects.push(reference(&entity));
    }
    let seed = recipe.seed.as_ref().map(|seed| ("seed".to_owned(), seed.clone()));
    let parameters = recipe.parameters.as_object().into_iter().flatten().filter(|(_, v)| !v.is_null());
    let parameters = parameters.map(|(name, value)| (name.clone(), value.as_str().map_or_else(|| canonical::to_string(value), str::to_owned)));
    for (name, value) in parameters.chain(seed) {
        let entity = format!("#parameter/{}/{}", encoded(stage), encoded(&name));
        graph.add(json!({ "@id": entity, "@type": "PropertyValue", "name": name, "value": value }));
        tools::bind(&tool, "input", "parameter", &name, &entity, graph);
        objects.push(reference(&entity));
    }
    let mut results = vec![];
    for (port, _) in made.result.outputs.iter() {
        if let Some(entity) = outputs.id(stage, port) {
            tools::bind(&tool, "output", "output", port, entity, graph);
            results.push(reference(entity));
        }
    }
    let mut action = json!({
        "@id": id, "@type": "CreateAction", "name": stage, "description": said(&made), "instrument": reference(&tool), "result": one_or_list(results),
        "startTime": with_offset(&made.result.started), "actionStatus": COMPLETED, "environment": one_or_list(environment(&made, graph)),
        "identifier": made.result.key,
    });
    if let Some(end) = times::end(&made.result.started, made.result.millis) {
        action["endTime"] = with_offset(&end).into();
    }
    if !objects.is_empty() {
        action["object"] = one_or_list(objects);
    }
    graph.add(action);
    id
}

/// Who computed it, and what it said.
fn said(made: &Made) -> String {
    let (here, by) = (&made.node, made.result);
    let mut out = match (here.run == by.run, here.stage == by.stage && here.study == by.study) {
        (true, true) => format!("Computed by this run in {} ms", by.millis),
        (true, false) => format!("Shares the result of `{}`, which this run computed in {} ms", output(&by.stage, "").trim_end_matches('.'), by.millis),
        (false, _) => format!("Reused: run {} computed it as `{}` of `{}` in {} ms", by.run, by.stage, by.study, by.millis),
    };
    made.receipt.notes.iter().for_each(|note| out += &format!(". {note}"));
    out
}

/// Adds what an action ran in, unless it is there; gives references.
fn environment(made: &Made, graph: &mut Graph) -> Vec<Value> {
    let Environment { program, commit, dirty, lockfile, toolchain, fingerprint, threads } = &made.result.environment;
    let values = [
        ("hilum", program.clone()),
        ("commit", format!("{commit}{}", if *dirty { " with uncommitted changes" } else { "" })),
        ("Cargo.lock", lockfile.clone()),
        ("compiler", toolchain.clone()),
        ("fingerprint", fingerprint.clone()),
        ("threads", threads.to_string()),
        ("engine", made.result.engine.clone().unwrap_or_default()),
    ];
    let mut out = vec![];
    for (name, value) in values.into_iter().filter(|(_, value)| !value.is_empty()) {
        let id = format!("#environment/{name}/{}", encoded(&value));
        graph.add(json!({ "@id": id, "@type": "PropertyValue", "name": name, "value": value }));
        out.push(reference(&id));
    }
    out
}
