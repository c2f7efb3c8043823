//! `hilum diff`: what differs between two runs.

use super::{DONE, StoreArgs, complete, open, say};
use crate::compare_runs::{self, Causes, Change, Comparison, Explanation, Metric, Moved, Record, SamplesChange, Sort};
use crate::pipeline::differing;
use clap::Args;
use clap_complete::engine::ArgValueCandidates;
use hilum_cache::Digest;
use hilum_stages::words::counted;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};

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
    let (causes, samples) = (compare_runs::causes(&found), compare_runs::samples(&store, &found)?);
    match args.store.json {
        true => say(to_json(&found, &causes, &samples))?,
        false => to_text(&found, &causes, &samples).into_iter().try_for_each(say)?,
    }
    Ok(DONE)
}

fn to_json(c: &Comparison, causes: &Causes, samples: &[SamplesChange]) -> Value {
    let run = |r: &Record| json!({ "run": r.run, "study": r.study, "started": r.started });
    let changes = |all: &[Change]| all.iter().map(|c| json!({ "stages": c.stages, "path": c.path, "old": c.old, "new": c.new })).collect::<Vec<_>>();
    let metric = |(m, why): (&Metric, &Explanation)| {
        json!({
            "stage": m.stage, "arm": m.arm, "metric": m.metric, "class": m.class, "old": m.old, "new": m.new,
            "causes": why.causes, "unknown": why.unknown, "unexpected": why.is_unexpected(),
        })
    };
    let cause = |c: &compare_runs::Cause| json!({ "sort": c.sort.name(), "stage": c.stage, "path": c.path, "old": c.old, "new": c.new });
    let moved = |m: &Moved| json!({ "old": m.old, "new": m.new, "added": m.added, "removed": m.removed });
    let class = |[old, new]: &[compare_runs::OfClass; 2]| json!({ "images": { "old": old.images, "new": new.images }, "patients": { "old": old.patients, "new": new.patients } });
    let table = |s: &SamplesChange| {
        let classes: serde_json::Map<String, Value> = s.classes.iter().map(|(label, both)| (label.clone(), class(both))).collect();
        json!({ "stage": s.stage, "port": s.port, "images": moved(&s.images), "patients": moved(&s.patients), "relabelled": s.relabelled, "classes": classes })
    };
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
        "samples": samples.iter().map(table).collect::<Vec<_>>(),
        "code": changes(&c.code),
        "environment": changes(&c.environment),
        "causes": causes.all.iter().map(cause).collect::<Vec<_>>(),
        "metrics": c.metrics.iter().zip(&causes.of_metrics).map(metric).collect::<Vec<_>>(),
    })
}

/// Stages that are named; more are counted.
const NAMED: usize = 3;
/// Tables of images that are listed; more are counted.
const TABLES: usize = 12;

fn to_text(c: &Comparison, causes: &Causes, samples: &[SamplesChange]) -> Vec<String> {
    let run = |r: &Record| format!("{} ({})", r.run, r.study);
    let mut out = vec![format!("{} → {}", run(&c.old), run(&c.new))];
    let mut section = |title: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            out.extend([String::new(), title.to_owned()]);
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
    let changes = |all: &[Change]| all.iter().map(change).collect::<Vec<String>>();
    let (seeds, others): (Vec<Change>, Vec<Change>) = c.parameters.iter().cloned().partition(|change| change.path == SEED);
    section("parameters", changes(&others));
    section("seeds", changes(&seeds));
    let more = samples.len().saturating_sub(TABLES);
    let more = (more > 0).then(|| format!("and {} (`--json` has all)", counted(more, "other table of images", "other tables of images")));
    section("data", changes(&c.data).into_iter().chain(samples.iter().take(TABLES).map(table)).chain(more).collect());
    section("code", changes(&c.code));
    section("environment", changes(&c.environment));
    section("metrics", metrics(c, causes));
    if c.is_empty() {
        let said: &[&str] = if c.without_result.is_empty() { &["nothing differs"] } else { &["", "nothing differs in what both have"] };
        out.extend(said.iter().map(|line| (*line).to_owned()));
    }
    out
}

fn change(c: &Change) -> String {
    let more = if c.stages.len() > NAMED { format!(" and {}", counted(c.stages.len() - NAMED, "other stage", "other stages")) } else { String::new() };
    let stages: Vec<&str> = c.stages.iter().take(NAMED).map(String::as_str).collect();
    let differing = differing::differing(&c.path, &short(&c.old), &short(&c.new), &|_, _| None);
    format!("{}{more}   {}", stages.join(", "), differing::line(&differing, ": "))
}

/// What the seed of a stage is called among what differs.
const SEED: &str = "seed";

/// How many images and patients a table has, and how many of each class.
fn table(s: &SamplesChange) -> String {
    let moved = |m: &Moved, one: &str, several: &str| {
        let parts = [(m.added, "added"), (m.removed, "removed")].into_iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}"));
        let parts: Vec<String> = parts.collect();
        let parts = if parts.is_empty() { "the same".to_owned() } else { parts.join(", ") };
        format!("{} → {} ({parts})", m.old, counted(m.new, one, several))
    };
    let relabelled = if s.relabelled > 0 { format!("; {} with another label", counted(s.relabelled, "image", "images")) } else { String::new() };
    let classes: Vec<String> = s.classes.iter().map(|(label, [old, new])| format!("{label} {} → {}", old.images, new.images)).collect();
    let (images, patients) = (moved(&s.images, "image", "images"), moved(&s.patients, "patient", "patients"));
    format!("{}   {images}, {patients}{relabelled}; {}", crate::provenance::output(&s.stage, &s.port), classes.join(", "))
}

/// The metrics, those together that could follow from the same changes.
fn metrics(c: &Comparison, causes: &Causes) -> Vec<String> {
    let mut sets: Vec<(&Explanation, Vec<&Metric>)> = vec![];
    let mut places: HashMap<&Explanation, usize> = HashMap::new();
    for (metric, why) in c.metrics.iter().zip(&causes.of_metrics) {
        let at = *places.entry(why).or_insert_with(|| {
            sets.push((why, vec![]));
            sets.len() - 1
        });
        sets[at].1.push(metric);
    }
    let names: BTreeSet<&str> = c.old.stages.keys().chain(c.new.stages.keys()).map(String::as_str).collect();
    let mut out = vec![];
    for (why, all) in sets {
        out.push(because(why, causes, &names));
        out.extend(all.into_iter().map(|m| format!("  {}", metric(m))));
    }
    out
}

/// What metrics could follow from, in a line.
fn because(why: &Explanation, causes: &Causes, names: &BTreeSet<&str>) -> String {
    if why.is_unexpected() {
        return "no recorded cause: unexpected".to_owned();
    }
    let mut sorts: BTreeMap<Sort, Vec<(&str, Vec<String>)>> = BTreeMap::new();
    for cause in why.causes.iter().map(|at| &causes.all[*at]) {
        let paths = sorts.entry(cause.sort).or_default();
        match paths.iter_mut().find(|(path, _)| *path == cause.path) {
            Some((_, stages)) => stages.push(cause.stage.clone()),
            None => paths.push((&cause.path, vec![cause.stage.clone()])),
        }
    }
    let stages = |all: &[String]| {
        let all = compare_runs::collapsed(all, names);
        let more = if all.len() > NAMED { format!(" and {}", counted(all.len() - NAMED, "other stage", "other stages")) } else { String::new() };
        format!("{}{more}", all.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", "))
    };
    let of_sort = |(sort, paths): (&Sort, &Vec<(&str, Vec<String>)>)| {
        let paths: Vec<String> = paths.iter().map(|(path, all)| if *path == SEED { stages(all) } else { format!("{path} of {}", stages(all)) }).collect();
        format!("{}: {}", sort.name(), paths.join("; "))
    };
    let mut parts: Vec<String> = sorts.iter().map(of_sort).collect();
    if !why.unknown.is_empty() {
        parts.push(format!("not known, since a run has no result of it: {}", stages(&why.unknown.iter().cloned().collect::<Vec<_>>())));
    }
    format!("could follow from {}", parts.join("; "))
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
