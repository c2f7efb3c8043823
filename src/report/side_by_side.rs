//! Two runs side by side: their answers, the metrics that differ, and what was changed between them.

use super::facts::Facts;
use super::head::date;
use super::wide::{short, table};
use super::{Report, ReportOptions, TITLE, Whole, document, doubt};
use crate::compare_runs::{Change, Comparison, Metric, compare};
use crate::pipeline::differing::{Differing, differing};
use crate::report::artifacts::Subject;
use hilum_cache::{Ledger, Result, Store};
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::records::{Answer, Record, Table};
use hilum_stages::words::{self, counted};
use maud::{Markup, html};
use serde_json::Value;
use std::collections::BTreeMap;

const ANSWERS: Subject = Subject { artifact: ArtifactType::Table, name: Table::<Answer>::NAME };

/// Stages of a change that are named.
const NAMED: usize = 4;
/// Answers that stand side by side.
const SENTENCES: usize = 40;

/// The sentences of a run: by arm and metric, so that those of two runs go together.
type Answers = BTreeMap<[String; 5], String>;

/// The report of two runs, the older one on the left.
///
/// # Errors
/// If a journal or a table that is shown cannot be read.
pub fn html(store: &Store, ledger: &Ledger, [old, new]: [&str; 2], options: ReportOptions) -> Result<Report> {
    let both = [Facts::read(store, ledger, old)?, Facts::read(store, ledger, new)?];
    let answers = [answers(&both[0], store)?, answers(&both[1], store)?];
    let found = compare(store, ledger, old, new)?;
    let main = page(&both, &answers, &found).into_string();
    let heading = if both[0].study == both[1].study { both[0].study.clone() } else { format!("{} and {}", both[0].study, both[1].study) };
    let (title, elsewhere) = (format!("{heading} – two runs{TITLE}"), format!("hilum diff {} {}", both[0].run, both[1].run));
    let whole = Whole {
        title: &title,
        heading: &heading,
        lead: "Two runs side by side",
        without_images: !options.with_images,
        has_patients: true,
        elsewhere: &elsewhere,
    };
    let page = document(&whole, &main);
    Ok(Report::of(page, &both))
}

fn answers(facts: &Facts, store: &Store) -> Result<Answers> {
    let mut out = Answers::new();
    for found in facts.found(store, &[ANSWERS])?.found {
        // What cannot be read is said in the report of that run.
        let rows = found.record::<Table<Answer>>(store)?.map_or(vec![], |table| table.rows);
        let base = found.stage().to_owned();
        out.extend(rows.into_iter().map(|row| ([base.clone(), row.set, row.arm, row.metric, row.class], row.sentence)));
    }
    Ok(out)
}

fn page(both: &[Facts; 2], answers: &[Answers; 2], found: &Comparison) -> Markup {
    let command = format!("`hilum diff {} {}`", both[0].run, both[1].run);
    let changes: [(&str, &str, &[Change]); 4] = [
        ("parameters", "Parameters, seeds and bindings", &found.parameters),
        ("data", "Data", &found.data),
        ("code", "Code", &found.code),
        ("environment", "Environment", &found.environment),
    ];
    let shown: Vec<_> = changes.iter().filter(|(_, _, all)| !all.is_empty()).collect();
    let stages = found.stages();
    let metrics: Vec<Markup> = found.metrics.iter().map(metric).collect();
    html! {
        section #answers aria-labelledby="answers-title" {
            h2 #answers-title { "Answers" }
            @for facts in both { (doubt(facts)) }
            @if let Some(nothing) = nothing_differs(both, found) { p.answer { (nothing) } }
            (sentences(both, answers))
            dl.facts { @for (which, facts) in ["First run", "Second run"].iter().zip(both) { div { dt { (which) } dd {
                (facts.run) ", " (facts.study) ", " time datetime=(facts.started) { (date(&facts.started)) } @if let Some(scale) = facts.scale.name() { ", scale " (scale) }
                @if !facts.is_finished { ", " b { "not finished" } }
            } } } }
        }
        nav aria-labelledby="contents-title" {
            h2 #contents-title { "Contents" }
            ul {
                li { a href="#answers" { "Answers" } }
                @if !metrics.is_empty() { li { a href="#metrics" { "Metrics" } } }
                @if stages.iter().any(|(_, all)| !all.is_empty()) { li { a href="#stages" { "Stages" } } }
                @for (id, title, _) in &shown { li { a href={ "#" (id) } { (title) } } }
            }
        }
        div.chapters {
            @if !metrics.is_empty() { section #metrics aria-labelledby="metrics-title" {
                h2 #metrics-title { "Metrics" }
                p { (counted(metrics.len(), "value differs", "values differ")) ". A difference between two runs is no difference between arms: it has no interval." }
                (table("Metrics that differ", &["stage", "arm or group", "metric", "class", "first run", "second run", "difference"], &metrics, &command))
            } }
            @if stages.iter().any(|(_, all)| !all.is_empty()) { section #stages aria-labelledby="stages-title" {
                h2 #stages-title { "Stages" }
                @for (what, all) in &stages { @if !all.is_empty() { p { (what) ": " (named(all)) } } }
            } }
            @for (id, title, all) in &shown { section id=(id) aria-labelledby={ (id) "-title" } {
                h2 id={ (id) "-title" } { (title) }
                (table(title, &["stages", "what", "first run", "second run"], &all.iter().flat_map(change).collect::<Vec<_>>(), &command))
            } }
        }
    }
}

/// That nothing differs, as far as there are results; none if something does.
fn nothing_differs(both: &[Facts; 2], found: &Comparison) -> Option<String> {
    let missing = found.without_result.len();
    let end = match missing {
        0 if both.iter().all(|f| f.doubt().is_none()) => " between these runs.".to_owned(),
        0 => " in what can be read of these runs.".to_owned(),
        _ => format!(" in what both runs have. {} a result in neither of them.", counted(missing, "stage has", "stages have")),
    };
    found.is_empty().then(|| format!("Nothing differs{end}"))
}

/// What each run answers, those on one arm and metric beside each other.
fn sentences(both: &[Facts; 2], [old, new]: &[Answers; 2]) -> Markup {
    let mut keys: Vec<&[String; 5]> = old.keys().chain(new.keys()).collect();
    keys.sort();
    keys.dedup();
    let none = || "–".to_owned();
    let row =
        |key: &&[String; 5]| html! { td.text { (old.get(*key).cloned().unwrap_or_else(none)) } td.text { (new.get(*key).cloned().unwrap_or_else(none)) } };
    let rows: Vec<Markup> = keys.iter().take(SENTENCES).map(row).collect();
    let more = keys.len().saturating_sub(SENTENCES);
    html! {
        @if rows.is_empty() { p.answer { "Neither run has an answer." } } @else {
            (table("Answers of both runs", &[&both[0].run, &both[1].run], &rows, ""))
            @if more > 0 { p.more { "and " (counted(more, "more answer", "more answers")) " in " code { "answers.csv" } " of each run" } }
        }
    }
}

fn metric(m: &Metric) -> Markup {
    let difference = m.old.zip(m.new).map_or("–".to_owned(), |(old, new)| words::change(new - old));
    html! {
        th scope="row" { (m.stage) } td { (m.arm) } td { (m.metric) } td { (m.class) } td.num { (short(m.old)) } td.num { (short(m.new)) } td.num { (difference) }
    }
}

/// A row for each place of a value that differs.
fn change(c: &Change) -> Vec<Markup> {
    let differing = differing(&c.path, &value(&c.old), &value(&c.new), &|_, _| None);
    let row = |d: &Differing| html! { th scope="row" { (named(&c.stages)) } td { code { (d.path) } } td.text { (d.old) } td.text { (d.new) } };
    differing.iter().map(row).collect()
}

fn named(stages: &[String]) -> String {
    let more = stages.len().saturating_sub(NAMED);
    let first = stages[..stages.len() - more].join(", ");
    if more > 0 { format!("{first} and {}", counted(more, "other stage", "other stages")) } else { first }
}

/// A value with digests by their beginning; none as a dash.
fn value(value: &Value) -> Value {
    match value {
        Value::Null => "–".into(),
        Value::String(text) => text.parse::<hilum_cache::Digest>().map_or_else(|_| value.clone(), |digest| digest.short().into()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare_runs;

    fn record(run: &str) -> compare_runs::Record {
        compare_runs::Record { run: run.into(), study: "s".into(), ..compare_runs::Record::default() }
    }

    fn comparison() -> Comparison {
        let change = Change { stages: ["a", "b", "c", "d", "e"].map(str::to_owned).into(), path: "epochs".into(), old: 5.into(), new: "<6>".into() };
        let metric = Metric { stage: "scores".into(), arm: "real".into(), metric: "auroc".into(), class: String::new(), old: Some(0.5), new: Some(0.75) };
        Comparison {
            old: record("r1"),
            new: record("r2"),
            removed: vec![],
            added: vec!["new".into()],
            moved: vec![],
            parameters: vec![change],
            data: vec![],
            code: vec![],
            environment: vec![],
            metrics: vec![metric],
            only_old: vec![],
            only_new: vec!["scores".into()],
            without_result: vec!["later".into()],
        }
    }

    #[test]
    fn answers_and_numbers_of_two_runs_stand_beside_each_other_with_what_changed() {
        let facts = |run: &str| Facts { run: run.into(), study: "s".into(), is_finished: true, ..Facts::default() };
        let key = |arm: &str| ["comparison", "", arm, "auroc", ""].map(str::to_owned);
        let answers =
            [Answers::from([(key("gan"), "it helped".to_owned())]), Answers::from([(key("gan"), "cannot <tell>".to_owned()), (key("more"), "new".to_owned())])];
        let page = page(&[facts("r1"), facts("r2")], &answers, &comparison()).into_string();
        for part in [
            "<td class=\"text\">it helped</td><td class=\"text\">cannot &lt;tell&gt;</td>",
            "<td class=\"text\">–</td><td class=\"text\">new</td>",
            "<td class=\"num\">0.500</td><td class=\"num\">0.750</td><td class=\"num\">+0.250</td>",
            "a, b, c, d and 1 other stage</th><td><code>epochs</code></td><td class=\"text\">5</td><td class=\"text\">&lt;6&gt;</td>",
            "Only in the second run: new",
            "With a result in the second run only: scores",
            "Without a result in either run: later",
        ] {
            assert!(page.contains(part), "{part}: {page}");
        }
        assert!(!page.contains("#environment") && page.find("it helped").unwrap() < page.find("<nav").unwrap());
    }

    #[test]
    fn of_long_values_what_differs_is_a_row_each_and_digests_are_cut() {
        let digest = hilum_cache::Digest::of(b"x");
        assert_eq!((value(&digest.to_string().into()), value(&Value::Null)), (digest.short().into(), "–".into()));
        let list = |at: &[usize]| (0..40).map(|n| Value::from(if at.contains(&n) { 7 } else { n + 1000 })).collect::<Value>();
        let rows = change(&Change { stages: vec!["a".into()], path: "rates".into(), old: list(&[]), new: list(&[3, 5]) });
        let cells = |path: &str, old: u32| format!("<code>{path}</code></td><td class=\"text\">{old}</td><td class=\"text\">7</td>");
        assert!(rows.len() == 2 && rows[0].0.ends_with(&cells("rates[3]", 1003)) && rows[1].0.ends_with(&cells("rates[5]", 1005)), "{rows:?}");
    }

    /// That nothing differs can be said only of what both runs have.
    #[test]
    fn a_run_that_got_nowhere_does_not_equal_one_that_did() {
        let run = || [Facts::default(), Facts::default()];
        let of = |only_old: &[&str], without: &[&str]| {
            let names = |all: &[&str]| all.iter().map(|n| (*n).to_owned()).collect::<Vec<String>>();
            Comparison {
                metrics: vec![],
                added: vec![],
                parameters: vec![],
                only_new: vec![],
                only_old: names(only_old),
                without_result: names(without),
                ..comparison()
            }
        };
        let empty: [Answers; 2] = Default::default();
        let said = |found: &Comparison| page(&run(), &empty, found).into_string();
        assert!(said(&of(&[], &[])).contains("Nothing differs between these runs."));
        let interrupted = said(&of(&["scores"], &[]));
        assert!(!interrupted.contains("Nothing differs") && interrupted.contains("With a result in the first run only: scores"), "{interrupted}");
        let neither = said(&of(&[], &["scores"]));
        assert!(neither.contains("Nothing differs in what both runs have. 1 stage has a result in neither of them."), "{neither}");
    }
}
