//! A plan as one JSON document. Its fields are described in `docs/json/plan.md`.

use crate::checks::{Finding, Severity};
use crate::diagnostic;
use crate::driver::Study;
use crate::driver::forecast::Forecast;
use crate::pipeline::Pipeline;
use crate::pipeline::model::StageId;
use crate::plan::estimate::Estimate;
use crate::plan::groups::{Group, Status};
use crate::plan::{Decision, Plan};
use serde_json::{Value, json};

pub(super) fn of(study: &Study, plan: &Plan, forecast: &Forecast, found: &[Finding]) -> Value {
    let p = &study.pipeline;
    let stages: Vec<Value> = plan.decisions.pairs().map(|(id, d)| stage(p, id, d)).filter(|v| !v.is_null()).collect();
    let findings: Vec<Value> = found.iter().map(|f| finding(study, f)).collect();
    let names = |ids: &[StageId]| ids.iter().map(|id| p.stages[*id].name.as_str()).collect::<Vec<_>>();
    json!({
        "study": p.study,
        "stages": stages,
        "groups": forecast.groups.iter().map(|g| group(p, plan, g, &forecast.estimate)).collect::<Vec<_>>(),
        "totals": forecast.totals.to_json(),
        "estimate": forecast.estimate.to_json(),
        "disk": { "needed_bytes": forecast.need.bytes, "free_bytes": forecast.free, "unknown": names(&forecast.need.unknown) },
        "findings": findings,
    })
}

/// A finding as a diagnostic, with its check and its stage.
pub(in crate::cli) fn finding(study: &Study, found: &Finding) -> Value {
    let mut out = diagnostic::to_json(&found.diagnostic(&study.pipeline, &study.texts), &study.texts);
    out["id"] = found.check.id.into();
    out["stage"] = study.pipeline.stages[found.stage].name.as_str().into();
    if found.check.severity == Severity::Info {
        out["severity"] = "info".into();
    }
    out
}

pub(in crate::cli) fn stage(p: &Pipeline, id: StageId, d: &Decision) -> Value {
    let s = &p.stages[id];
    let continues = if let Decision::Execute { continues, .. } = d { *continues } else { None };
    let of = if let Decision::Share { of, .. } = d { Some(p.stages[*of].name.as_str()) } else { None };
    let (decision, reasons, key) = match d {
        Decision::Reuse { key, .. } => ("reuse", vec![], Some(*key)),
        Decision::Execute { key, reasons, .. } => ("execute", reasons.iter().map(|r| r.to_json()).collect(), Some(*key)),
        Decision::Share { key, .. } => ("share", vec![], Some(*key)),
        Decision::Fail { key, .. } => ("fail", vec![], Some(*key)),
        Decision::Undecided { reasons, .. } => ("undecided", reasons.iter().map(|r| r.to_json()).collect(), None),
        Decision::Unwanted => return Value::Null,
    };
    json!({ "id": s.name, "kind": s.kind.name, "decision": decision, "reasons": reasons, "key": key, "resumes_after_step": continues, "shares_result_of": of })
}

fn group(p: &Pipeline, plan: &Plan, g: &Group, estimate: &Estimate) -> Value {
    let reasons: Vec<String> = match &plan.decisions[g.stages[0]] {
        Decision::Execute { reasons, .. } | Decision::Undecided { reasons, .. } => reasons.iter().map(|r| r.say_of_cells(p)).collect(),
        _ => vec![],
    };
    let status = match g.status {
        Status::UpToDate => "up-to-date",
        Status::WillRun => "will-run",
        Status::Pending => "pending",
        Status::Shared => "shared",
        Status::Failed => "failed",
        Status::Skipped => "skipped",
    };
    let cells: Vec<&str> = g.stages.iter().map(|id| p.stages[*id].name.as_str()).collect();
    json!({ "stage": g.base, "status": status, "cells": cells, "of": g.of, "reasons": reasons, "millis": estimate.together(&g.stages) })
}
