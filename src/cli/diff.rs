//! `hilum diff`: what differs between two runs.

use super::{DONE, StoreArgs, complete, open, say};
use crate::compare_runs::{self, Change, Comparison, Metric, Record};
use crate::pipeline::differing;
use clap::Args;
use clap_complete::engine::ArgValueCandidates;
use hilum_cache::Digest;
use hilum_stages::words::counted;
use serde_json::{Value, json};

#[derive(Args)]
pub(super) struct DiffArgs {
    /// A run
    #[arg(add = ArgValueCandidates::new(complete::runs))]
    old: String,
    /// The run to compare it with
    #[arg(add = ArgValueCandidates::new(complete::runs))]
    new: String,
    #[command(flatten)]
    store: StoreArgs,
}

pub(super) fn diff(args: &DiffArgs) -> anyhow::Result<u8> {
    let (store, ledger) = open::store(&args.store)?;
    let (old, new) = (open::run(&store, Some(&args.old))?, open::run(&store, Some(&args.new))?);
    [&old, &new].into_iter().for_each(|run| open::remark_altered(&ledger, run));
    let found = compare_runs::compare(&store, &ledger, &old, &new)?;
    if args.store.json {
        say(to_json(&found))?;
    } else {
        to_text(&found).into_iter().try_for_each(say)?;
    }
    Ok(DONE)
}

fn to_json(c: &Comparison) -> Value {
    let run = |r: &Record| json!({ "run": r.run, "study": r.study, "started": r.started });
    let changes = |all: &[Change]| all.iter().map(|c| json!({ "stages": c.stages, "path": c.path, "old": c.old, "new": c.new })).collect::<Vec<_>>();
    let metric = |m: &Metric| json!({ "stage": m.stage, "arm": m.arm, "metric": m.metric, "class": m.class, "old": m.old, "new": m.new });
    json!({
        "old": run(&c.old),
        "new": run(&c.new),
        "removed": c.removed,
        "added": c.added,
        "moved": c.moved,
        "only_old": c.only_old,
        "only_new": c.only_new,
        "without_result": c.without_result,
        "parameters": changes(&c.parameters),
        "data": changes(&c.data),
        "code": changes(&c.code),
        "environment": changes(&c.environment),
        "metrics": c.metrics.iter().map(metric).collect::<Vec<_>>(),
    })
}

/// Stages that are named; more are counted.
const NAMED: usize = 3;

fn to_text(c: &Comparison) -> Vec<String> {
    let run = |r: &Record| format!("{} ({})", r.run, r.study);
    let mut out = vec![format!("{} → {}", run(&c.old), run(&c.new))];
    let mut section = |title: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            out.push(format!("\n{title}"));
            out.extend(lines.into_iter().map(|l| format!("  {l}")));
        }
    };
    section(
        "stages",
        c.removed
            .iter()
            .map(|n| format!("- {n}"))
            .chain(c.added.iter().map(|n| format!("+ {n}")))
            .chain(c.moved.iter().map(|n| format!("~ {n}, with other axes")))
            .collect(),
    );
    let [_, _, _, results @ ..] = c.stages();
    let unlike = results.iter().filter(|(_, all)| !all.is_empty()).map(|(what, all)| format!("{what}: {}", all.join(", ")));
    section("results", unlike.collect());
    let changes = |all: &[Change]| all.iter().map(change).collect();
    section("parameters", changes(&c.parameters));
    section("data", changes(&c.data));
    section("code", changes(&c.code));
    section("environment", changes(&c.environment));
    section("metrics", c.metrics.iter().map(metric).collect());
    if c.is_empty() {
        out.push(if c.without_result.is_empty() { "nothing differs" } else { "\nnothing differs in what both have" }.to_owned());
    }
    out
}

fn change(c: &Change) -> String {
    let more = if c.stages.len() > NAMED { format!(" and {}", counted(c.stages.len() - NAMED, "other stage", "other stages")) } else { String::new() };
    let stages: Vec<&str> = c.stages.iter().take(NAMED).map(String::as_str).collect();
    let differing = differing::differing(&c.path, &short(&c.old), &short(&c.new), &|_, _| None);
    format!("{}{more}   {}", stages.join(", "), differing::line(&differing, ": "))
}

fn metric(m: &Metric) -> String {
    let value = |v: Option<f64>| v.map_or_else(|| "–".to_owned(), |v| format!("{v:.4}"));
    let of: Vec<&str> = [m.arm.as_str(), &m.metric, &m.class].into_iter().filter(|s| !s.is_empty()).collect();
    format!("{}   {}: {} → {}", m.stage, of.join(" "), value(m.old), value(m.new))
}

/// A value with digests by their beginning.
fn short(value: &Value) -> Value {
    match value {
        Value::String(text) => text.parse::<Digest>().map_or_else(|_| value.clone(), |digest| digest.short().into()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_shows_what_differs_as_a_study_writes_it() {
        let said = |path: &str, old: Value, new: Value| change(&Change { stages: vec!["a".into()], path: path.into(), old, new });
        let long = |at: usize| (0..40).map(|n| json!(if n == at { 7 } else { n + 1000 })).collect::<Value>();
        assert_eq!(said("epochs", json!(1.0), json!(2.0)), "a   epochs: 1 → 2");
        assert_eq!(said("rates", long(40), long(3)), "a   rates[3]: 1003 → 7");
        assert_eq!(said("classes", Value::Null, json!({ "covid": { "images": 9 } })), "a   classes: nothing → { covid: { images: 9 } }");
        let digests = [b"x", b"y"].map(|bytes| Digest::of(bytes));
        let [old, new] = digests.map(|d| d.short());
        assert_eq!(said("images", digests[0].to_string().into(), digests[1].to_string().into()), format!("a   images: {old} → {new}"));
    }
}
