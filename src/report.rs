//! `hilum report`: one self-contained HTML file about a run, from the store alone. No script, no outside request.

mod arms;
mod artifacts;
mod chapters;
mod drawing;
mod evidence;
mod extractors;
mod facts;
mod fitted;
pub mod graph;
mod head;
mod material;
mod people;
mod pixels;
mod places;
mod reach;
mod reasons;
mod side_by_side;
mod verdicts;
mod wide;

use chapters::{Group, READERS};
use facts::Facts;
use hilum_cache::{Ledger, Result, Store};
use hilum_stages::words::{counted, without_controls};
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
        let (doubts, altered): (Vec<_>, Vec<_>) = facts.into_iter().map(|f| (f.doubt(), f.journal.first_altered().is_some())).unzip();
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
    html! { @if let Some(doubt) = facts.doubt() { p.bad[facts.journal.first_altered().is_some()].warn[facts.journal.first_altered().is_none()] { (wide::prose(&doubt)) } } }
}

/// A page: the answer, the list of contents, and the chapters for each reader.
fn page(facts: &Facts, readers: &[Group], store: &Store) -> Result<String> {
    let mut left = fitted::TEXT;
    let answer = chapters::ANSWER.content(facts, store)?.map(|content| bounded(content, facts, &mut left));
    let mut groups: Vec<(&Group, Vec<(&str, &str, Markup)>)> = vec![];
    for group in readers {
        let mut chapters = vec![];
        for chapter in group.chapters {
            chapters.extend(chapter.content(facts, store)?.map(|content| (chapter.id, chapter.title, bounded(content, facts, &mut left))));
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
    // An empty journal does not name its study.
    let study = if facts.study.is_empty() { "Unknown study" } else { &facts.study };
    let title = format!("{study}{TITLE}");
    let whole = Whole {
        title: &title,
        heading: study,
        lead: &facts.description,
        without_images: facts.without_images,
        has_patients: !head::is_drawn(facts),
        elsewhere: &results(facts),
    };
    Ok(document(&whole, &main.into_string()))
}

/// Where the results of the study are.
fn results(facts: &Facts) -> String {
    format!("results/{}", facts.study)
}

/// A chapter, or that there is no room left for it even without its tables and pictures.
fn bounded(content: Markup, facts: &Facts, left: &mut usize) -> Markup {
    match left.checked_sub(fitted::least(&content.0, &results(facts))) {
        Some(after) => {
            *left = after;
            content
        }
        None => {
            html! { p.warn { "Left out, since the report would be too large: see " code { "hilum show " (facts.run) } " and " code { (results(facts)) } "." } }
        }
    }
}

/// What stands in the place of an answer.
fn no_answer(facts: &Facts) -> String {
    let [executed, reused, not_run] = facts.counts();
    match facts.is_finished && not_run == 0 {
        true => "This study compares no arms, so that it has no answer in a sentence. What it found is below.".to_owned(),
        false => format!("There is no answer yet: {} of {} stages have a result.", executed + reused, executed + reused + not_run),
    }
}

/// What a page has besides its content.
struct Whole<'a> {
    title: &'a str,
    heading: &'a str,
    lead: &'a str,
    without_images: bool,
    /// True unless all images of the study are drawn by a program.
    has_patients: bool,
    /// Where what has no room on the page is to be found.
    elsewhere: &'a str,
}

/// Bytes for the sentences about what is on the page and what is not.
const SENTENCES: usize = 2000;

/// A whole document around the content of `main`, of no more than [`fitted::MOST`] bytes.
fn document(whole: &Whole, main: &str) -> String {
    let room = fitted::MOST.saturating_sub(around(whole, "", None, None).len() + SENTENCES);
    let fitted = fitted::fitted(main, fitted::Limits { with_images: !whole.without_images, room, elsewhere: whole.elsewhere });
    around(whole, &fitted.page, images_said(whole, fitted.real), fitted::said(&fitted))
}

/// What has to be known of the images on a page by whoever passes it on; nothing where there is none of a patient.
fn images_said(whole: &Whole, real: usize) -> Option<Markup> {
    let pictures = counted(real, "picture shows", "pictures show");
    match (whole.without_images, real) {
        (false, _) if !whole.has_patients => None,
        (true, _) => Some(
            html! { p.info { "Without images: this report was made with " code { "--without-images" } ", and shows no pixel of any image, real or synthetic." } },
        ),
        (false, 0) => None,
        (false, _) => Some(html! { p.warn {
            "Contains images of patients: " (pictures) " pixels of real images. Before it is passed on, " code { "hilum report --without-images" } " makes one without them."
        } }),
    }
}

fn around(whole: &Whole, main: &str, images: Option<Markup>, left_out: Option<String>) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                // Should anything slip through: no script, no request, no form.
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (whole.title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#main" { "Skip to the content" }
                header {
                    h1 { (whole.heading) }
                    @if !whole.lead.is_empty() { p.lead { (whole.lead) } }
                    @if let Some(images) = images { (images) }
                }
                main #main tabindex="-1" { (PreEscaped(main)) }
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
    use super::*;
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

    fn whole(without_images: bool) -> Whole<'static> {
        Whole { title: "t", heading: "h", lead: "l", without_images, has_patients: true, elsewhere: "results/s" }
    }

    /// The limit holds whatever chapters write: many large drawings, rows without end, and text that nothing can be taken from.
    #[test]
    fn a_page_is_never_larger_than_ten_megabytes_and_says_what_it_lacks() {
        let drawing = |n: usize| drawing::svg(format!("<svg><path d=\"{}\"/></svg>", "L1.25 2.5".repeat(n)).as_bytes(), &format!("curve {n}"), "history.csv");
        let drawings: String = (0..300).map(|n| drawing(10_000 + n).into_string()).collect();
        let rows: Vec<Markup> = (0..200).map(|n| html! { td { (n) (".".repeat(300)) } }).collect();
        let tables = wide::table("rows", &["n"], &rows, "").into_string().repeat(100);
        assert!(drawings.len() > 3 * fitted::MOST && tables.len() > fitted::MOST / 2);
        let page = document(&whole(false), &format!("{tables}{drawings}<p>end</p>"));
        assert!(page.len() < fitted::MOST && page.len() > fitted::MOST * 9 / 10, "{}", page.len());
        let (shown, out) = (page.matches("<img class").count(), page.matches("Left out, since the report would be too large: curve 1").count());
        assert_eq!(shown + out, 300);
        assert!(out > 200 && page.contains("too large: curve 10299. See <code>history.csv</code>.") && page.contains("curve 10000\""), "{shown} {out}");
        assert!(page.contains(&format!("<p>Left out: {out} pictures beyond the size of a report.</p>")) && page.contains("<p>end</p>"), "{out}");
        let page = document(&whole(false), &tables.repeat(3));
        assert!(page.len() < fitted::MOST && page.contains(" more rows, left out since"), "{}", page.len());
        // What nothing can be taken from is left out as a whole, chapter by chapter.
        let facts = Facts { run: "r1".into(), study: "s".into(), ..Facts::default() };
        let mut left = 5_000;
        let sizes = [4_000, 4_000, 500].map(|n| bounded(html! { p { ("x".repeat(n)) } (PreEscaped(&drawing(900).0)) }, &facts, &mut left).0);
        assert!(sizes[0].len() > 4_000 && sizes[1].len() < 500 && sizes[1].contains("hilum show r1") && sizes[2].len() > 500, "{sizes:?}");
        assert!(fitted::TEXT + STYLE.len() + SENTENCES + 100_000 < fitted::MOST);
    }

    #[test]
    fn the_first_lines_say_whether_real_images_are_on_the_page() {
        let real = drawing::Picture::png(b"\x89PNG", "lungs").html().into_string();
        let made = drawing::Picture::png(b"\x89PNG", "made").synthetic().html().into_string();
        let first = |without: bool, main: &str| document(&whole(without), main).split_once("<main").unwrap().0.to_owned();
        assert!(first(false, &real.repeat(2)).contains("Contains images of patients: 2 pictures show pixels of real images"));
        for without in [made.as_str(), ""] {
            let said = first(false, without);
            assert!(!said.contains("real images") && !said.contains("ithout images"), "{said}");
        }
        assert!(!document(&Whole { has_patients: false, ..whole(false) }, &real).contains("Contains images"), "phantoms are no patients");
        for main in [real.as_str(), ""] {
            let said = first(true, main);
            assert!(said.contains("Without images: this report") && !said.contains("Contains"), "{said}");
        }
    }
}
