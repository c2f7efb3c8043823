//! `hilum report`: one self-contained HTML file about a run, from the store alone. No script, no outside request.

mod arms;
mod artifacts;
mod chapters;
mod drawing;
mod extractors;
mod facts;
pub mod graph;
mod head;
mod material;
mod people;
mod pictures;
mod pixels;
mod reach;
mod reasons;
mod side_by_side;
mod verdicts;
mod wide;

use chapters::{Group, READERS};
use facts::Facts;
use hilum_cache::{Ledger, Result, Store};
use hilum_stages::words::without_controls;
use maud::{DOCTYPE, Markup, PreEscaped, html};

pub use side_by_side::html as compared;

const STYLE: &str = include_str!("report/style.css");

/// What the title of every report ends with.
const TITLE: &str = " – hilum report";

/// True for the beginning of a page that was written here.
pub fn is_report(beginning: &str) -> bool {
    beginning.starts_with("<!DOCTYPE html>") && beginning.contains(&format!("{TITLE}</title>"))
}

/// What a report may show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportOptions {
    /// Pixels of images, real or synthetic.
    pub with_images: bool,
}

/// A page, and what has to be said of it.
pub struct Report {
    /// The HTML.
    pub page: String,
    /// What makes its content doubtful, in sentences; they are on the page as well.
    pub doubts: Vec<String>,
    /// True if a journal was altered.
    pub is_altered: bool,
}

impl Report {
    fn of<'f>(page: String, facts: impl IntoIterator<Item = &'f Facts<'f>>) -> Report {
        let (doubts, altered): (Vec<_>, Vec<_>) = facts.into_iter().map(|f| (f.doubt(), f.journal.altered.is_some())).unzip();
        Report { page, doubts: doubts.into_iter().flatten().collect(), is_altered: altered.contains(&true) }
    }
}

/// The report of a run.
///
/// # Errors
/// If the run's journal cannot be read, or an artifact that is shown is damaged or missing.
pub fn html(store: &Store, ledger: &Ledger, run: &str, options: ReportOptions) -> Result<Report> {
    let facts = Facts { without_images: !options.with_images, ..Facts::read(store, ledger, run)? };
    Ok(Report::of(page(&facts, READERS, store)?, [&facts]))
}

/// What has to be known of a journal before anything that follows from it.
fn doubt(facts: &Facts) -> Markup {
    html! { @if let Some(doubt) = facts.doubt() { p.bad[facts.journal.altered.is_some()].warn[facts.journal.altered.is_none()] { (wide::prose(&doubt)) } } }
}

/// A page: the answer, the list of contents, and the chapters for each reader.
fn page(facts: &Facts, readers: &[Group], store: &Store) -> Result<String> {
    let answer = chapters::ANSWER.content(facts, store)?;
    let mut groups: Vec<(&Group, Vec<(&str, &str, Markup)>)> = vec![];
    for group in readers {
        let mut chapters = vec![];
        for chapter in group.chapters {
            chapters.extend(chapter.content(facts, store)?.map(|content| (chapter.id, chapter.title, content)));
        }
        if !chapters.is_empty() {
            groups.push((group, chapters));
        }
    }
    let main = html! {
        section #answers aria-labelledby="answers-title" {
            h2 #answers-title { "Answer" }
            (doubt(facts))
            @if let Some(answer) = &answer { (answer) } @else { p.answer { (no_answer(facts)) } }
            (head::status(facts))
        }
        nav aria-labelledby="contents-title" {
            h2 #contents-title { "Contents" }
            ul {
                li { a href="#answers" { "Answer" } }
                @for (group, chapters) in &groups { li {
                    a href={ "#" (group.id) } { (group.title) }
                    ul { @for (id, title, _) in chapters { li { a href={ "#" (id) } { (title) } } } }
                } }
            }
        }
        div.chapters {
            @for (group, chapters) in &groups {
                section.reader id=(group.id) aria-labelledby={ (group.id) "-title" } {
                    h2 id={ (group.id) "-title" } { (group.title) }
                    p.about { (group.about) }
                    @for (id, title, content) in chapters { (chapters::section(id, title, content)) }
                }
            }
        }
    };
    let title = format!("{}{TITLE}", facts.study);
    Ok(document(&title, &facts.study, &facts.description, &main.into_string(), facts.without_images))
}

/// What stands in the place of an answer.
fn no_answer(facts: &Facts) -> String {
    let [executed, reused, not_run] = facts.counts();
    match facts.is_finished && not_run == 0 {
        true => "This study compares no arms, so that it has no answer in a sentence. What it found is below.".to_owned(),
        false => format!("There is no answer yet: {} of {} stages have a result.", executed + reused, executed + reused + not_run),
    }
}

/// A whole document around the content of `main`.
fn document(title: &str, heading: &str, lead: &str, main: &str, without_images: bool) -> String {
    let main = pictures::fitted(main, !without_images, pictures::MOST);
    let left_out = pictures::said(main.images, main.too_many);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                // Should anything slip through: no script, no request, no form.
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#main" { "Skip to the content" }
                header {
                    h1 { (heading) }
                    @if !lead.is_empty() { p.lead { (lead) } }
                }
                main #main tabindex="-1" { (PreEscaped(&main.page)) }
                footer {
                    @if let Some(left_out) = left_out { p { (left_out) } }
                    p { "Generated by hilum. Synthetic images are not for diagnosis. A report shows what was recorded; it does not prove it." }
                }
            }
        }
    };
    // Names come from tables and records of anybody: no control character reaches a browser, wherever in the page it would be.
    without_controls(&page.into_string()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::facts::StageResult;
    use hilum_cache::{Receipt, Store, WritableStore};
    use hilum_stages::contract::port::OutputArtifact;
    use serde_json::{Value, json};
    use std::rc::Rc;

    /// A stage of a run with its result.
    pub(super) type Made = (String, Option<(StageResult<'static>, bool)>);

    /// A store with nothing in it, and what removes it in the end.
    pub(super) fn empty_store() -> (tempfile::TempDir, Store) {
        let held = tempfile::tempdir().unwrap();
        WritableStore::create(&held.path().join("store")).unwrap();
        let store = Store::open(&held.path().join("store")).unwrap();
        (held, store)
    }

    /// A stage that made one file, which is that artifact type; `recipe` holds what else its recipe should have.
    pub(super) fn made(store: &WritableStore, stage: &str, (kind, file): (&str, &str), bytes: &[u8], recipe: Value) -> Made {
        let blob = store.put(bytes).unwrap();
        let artifact = json!({ "type": kind, "digest": blob.digest, "sha256": blob.sha256, "bytes": blob.size, "file": file });
        made_this(stage, &blob.digest, artifact, recipe)
    }

    /// A stage that made an artifact of several files, as it saves it.
    pub(super) fn made_of<A: OutputArtifact>(store: &WritableStore, stage: &str, saved: &A) -> Made {
        let held = tempfile::tempdir().unwrap();
        saved.save(held.path()).unwrap();
        let artifact = store.put_dir(A::TYPE.name(), held.path()).unwrap();
        made_this(stage, &artifact.digest, json!(artifact), Value::Null)
    }

    fn made_this(stage: &str, key: &hilum_cache::Digest, artifact: Value, recipe: Value) -> Made {
        let mut receipt = json!({
            "key": key, "study": "s", "stage": stage, "flow": {}, "determinism": "bitwise", "started": "", "millis": 1, "attempt": 1,
            "recipe": { "v": 1, "kind": "of-tomorrow", "version": 1, "parameters": {}, "inputs": {} },
            "environment": { "program": "", "commit": "", "dirty": false, "lockfile": "", "toolchain": "", "fingerprint": "", "threads": 1 },
            "outputs": { "out": artifact },
        });
        recipe.as_object().into_iter().flatten().for_each(|(part, value)| receipt["recipe"][part] = value.clone());
        let receipt: Receipt = serde_json::from_value(receipt).unwrap();
        (stage.to_owned(), Some((StageResult::Held(Rc::new(receipt)), true)))
    }

    /// The digest of the one file that such a stage made.
    pub(super) fn output(stage: &Made) -> hilum_cache::Digest {
        stage.1.as_ref().unwrap().0.receipt("").outputs.get("out").unwrap().digest
    }

    /// What is lost on paper, nobody can scroll to.
    #[test]
    fn on_paper_nothing_wide_is_cut_and_no_heading_ends_a_page() {
        let (screen, print) = super::STYLE.split_once("@media print").unwrap();
        assert!(screen.contains(".scroll { overflow-x: auto;") && print.contains("table:has(thead th:nth-child(8)) { table-layout: fixed; width: 100%; }"));
        assert!(print.contains("h1, h2, h3, h4, summary, thead, .about { break-after: avoid;") && print.contains("tr, figure,"));
    }
}
