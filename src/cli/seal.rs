//! `hilum plan --seal`, and what `hilum plan` says of a plan that was sealed.

use super::{DONE, REFUSED, open, say, say_error, wrong};
use crate::audit::AuditJournal;
use crate::driver::Opened;
use crate::pipeline::differing;
use crate::pipeline::model::StageId;
use crate::plan::{Decision, Plan};
use crate::progress::remark;
use crate::seal::{self, Deviation, Seal, deviations, newest};
use crate::workspace::signing;
use hilum_cache::journal::{Audit, Event};
use hilum_cache::{Digest, Result};
use hilum_stages::words::counted;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A plan that was sealed, and what a study is to it.
pub(super) struct SealState {
    seal: Seal,
    deviations: Vec<Deviation>,
    looks_before: Vec<String>,
}

/// What a study fixes now; none if it compares nothing.
fn fixed(opened: &Opened, plan: &Plan) -> Result<Option<seal::Plan>> {
    let known = |id: StageId, port: &str| match &plan.decisions[id] {
        Decision::Reuse { outputs, .. } => outputs.get(port).map(|artifact| artifact.digest),
        _ => None,
    };
    seal::Plan::of(&opened.study.pipeline, &opened.session, &known)
}

/// The newest plan of a study that was sealed; none if none was.
pub(super) fn state(opened: &Opened, plan: &Plan) -> anyhow::Result<Option<SealState>> {
    let (store, ledger) = (&opened.session.store, &opened.session.ledger);
    let Some(seal) = newest(store, ledger, &opened.study.pipeline.study, None)? else { return Ok(None) };
    let now = fixed(opened, plan)?;
    let none = Default::default();
    let stages = now.as_ref().map_or(&none, |now| &now.stages);
    let found = seal.plan.as_ref().map(|sealed| deviations(&sealed.stages, stages)).unwrap_or_default();
    let sealed = seal.plan.iter().flat_map(|plan| plan.tests.values());
    let tests: BTreeSet<Digest> = now.iter().flat_map(|now| now.tests.values()).chain(sealed).flatten().copied().collect();
    let looks_before = seal.looks_before(store, ledger, &tests)?;
    Ok(Some(SealState { seal, deviations: found, looks_before }))
}

impl SealState {
    pub(super) fn to_json(&self) -> Value {
        let Seal { run, time, plan, key, is_altered, earlier, .. } = &self.seal;
        json!({
            "run": run,
            "time": time,
            "comparisons": plan.iter().flat_map(seal::Plan::comparisons).collect::<Vec<_>>(),
            "tests": plan.iter().flat_map(|plan| plan.tests.keys()).collect::<Vec<_>>(),
            "key": key,
            "is_altered": is_altered,
            "earlier": earlier,
            "looks_before": self.looks_before,
            "deviations": self.deviations,
        })
    }

    pub(super) fn lines(&self) -> Vec<String> {
        let Seal { run, time, plan, key, is_altered, earlier, .. } = &self.seal;
        let by = key.as_ref().map_or_else(|| "not signed".to_owned(), |key| format!("by the key {}, not checked here", super::trust::short(key)));
        let earlier = if *earlier > 0 { format!("; {} before it", counted(*earlier, "plan was sealed", "plans were sealed")) } else { String::new() };
        let mut out = vec![];
        let verdict = match (plan, self.deviations.len()) {
            _ if *is_altered => "its record was altered, and what it says cannot be relied on".to_owned(),
            (None, _) => "this program cannot read it".to_owned(),
            (Some(_), 0) => "the study is as sealed".to_owned(),
            (Some(_), n) => format!("the study is not as sealed, {}:", counted(n, "difference", "differences")),
        };
        out.push(format!("sealed in run {run}, {}, {by}{earlier}: {verdict}", super::trust::minute(time)));
        out.extend(self.deviations.iter().map(|deviation| format!("  {}", line(deviation))));
        if !self.looks_before.is_empty() {
            out.push(format!("the test had been evaluated before that, in {}", runs(&self.looks_before)));
        }
        out
    }
}

/// A deviation in a line.
fn line(d: &Deviation) -> String {
    let found = differing::differing(&d.path, &d.sealed, &d.now, &|_, _| None);
    let role = if d.stage == d.role.name() { String::new() } else { format!(" ({})", d.role.name()) };
    format!("{}{role}   {}", d.stage, differing::line(&found, ": "))
}

fn runs(names: &[String]) -> String {
    format!("{} {}", if names.len() == 1 { "run" } else { "runs" }, names.join(", "))
}

/// Seals the plan of a study.
pub(super) fn seal(opened: &Opened, plan: &Plan, is_json: bool) -> anyhow::Result<u8> {
    let study = &opened.study.pipeline.study;
    let Some(now) = fixed(opened, plan)? else {
        return Err(wrong("the study compares nothing: there is no analysis to seal").help("add a stage that compares, such as `compare`").into());
    };
    let (store, ledger) = (&opened.session.store, &opened.session.ledger);
    let tests: BTreeSet<Digest> = now.tests.values().flatten().copied().collect();
    let looked = crate::looks::runs_of(store, ledger, &tests)?;
    if !looked.is_empty() {
        let of = |(run, stages): &(String, BTreeSet<String>)| {
            let more = if stages.len() > 1 { format!(" and {}", counted(stages.len() - 1, "other stage", "other stages")) } else { String::new() };
            format!("run {run} (`{}`{more})", stages.first().map_or("", String::as_str))
        };
        let named: Vec<String> = looked.iter().map(of).collect();
        let tables: Vec<String> = now.tests.keys().map(|test| format!("`{test}`")).collect();
        let fault = format!("models were evaluated on {} before, in {}: it is too late to seal how that is to be judged", tables.join(", "), named.join(", "));
        say_error(&fault, Some("seal a plan before the first evaluation; for a new one, test on patients whom no run has tested on"));
        return Ok(REFUSED);
    }
    let is_sealed = |state: &SealState| state.deviations.is_empty() && state.seal.plan.is_some() && !state.seal.is_altered;
    if let Some(state) = state(opened, plan)?.filter(is_sealed) {
        remark("note: this plan is sealed already; nothing was written");
        return told(&state, is_json);
    }
    let signer = signing::signing_key(store.root())?;
    let store = open::to_record(store)?;
    let mut journal = AuditJournal::begin(&store, Audit::Seal, study)?;
    journal.append(&Event::Sealed { study: study.clone(), plan: serde_json::to_value(&now)? })?;
    journal.finish(&store, signer.as_ref())?;
    if signer.is_none() {
        remark("warning: the seal is not signed, since HILUM_KEY names no key: whoever can write to the store can make another one");
    }
    remark("note: it counts for this store only; evaluations in other stores, or outside of hilum, are not known");
    let ledger = hilum_cache::Ledger::load(&store)?;
    let seal = newest(&store, &ledger, study, None)?.ok_or_else(|| anyhow::anyhow!("the seal that was written is not there"))?;
    told(&SealState { seal, deviations: vec![], looks_before: vec![] }, is_json)
}

fn told(state: &SealState, is_json: bool) -> anyhow::Result<u8> {
    match is_json {
        true => say(json!({ "seal": state.to_json() }))?,
        false => {
            let plan = state.seal.plan.as_ref();
            let names: Vec<&str> = plan.iter().flat_map(|plan| plan.comparisons()).collect();
            let tests: Vec<&str> = plan.iter().flat_map(|plan| plan.tests.keys()).map(String::as_str).collect();
            let stages = counted(plan.map_or(0, |plan| plan.stages.len()), "stage", "stages");
            say(format!("sealed {} on {}, with {stages} that they rest on", names.join(", "), tests.join(", ")))?;
            state.lines().into_iter().try_for_each(say)?;
        }
    }
    Ok(DONE)
}
