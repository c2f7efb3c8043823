//! That a report says nothing untrue: of runs that were killed, of journals that were altered, of objects that were removed; and that it
//! is written over nothing else.

use crate::space::{Space, root};
use std::fs;

/// A study with a leak that it allows: images of one patient are on both sides.
const LEAK: &str = "study: leak\nseed: 7\nchecks: { allow: [ { id: leakage.patient_overlap, reason: as the paper did } ] }\nstages:\n  \
     images: { stage: phantoms, with: { size: 32, images_per_patient: 3, classes: { normal: { images: 12 }, covid: { images: 12, finding: focal } } } }\n  \
     pixels: { stage: prepare, in: { samples: images }, with: { size: 32 } }\n  \
     parts: { stage: split, in: { samples: images }, with: { by: image, train: 0.5, test: 0.5 } }\n  \
     classifier: { stage: train-classifier, in: { samples: parts.train, images: pixels }, with: { network: { smallcnn64: { width: 2 } }, epochs: 1, batch: 8 } }\n  \
     scores: { stage: evaluate, in: { weights: classifier, samples: parts.test, images: pixels }, with: { resamples: 100 } }\n";

/// The journal of the only run.
fn journal(space: &Space) -> String {
    let runs: Vec<_> = fs::read_dir(space.path(".hilum/runs")).unwrap().collect();
    assert_eq!(runs.len(), 1);
    format!(".hilum/runs/{}/journal.jsonl", runs[0].as_ref().unwrap().file_name().to_str().unwrap())
}

/// What a report of the newest run says, with its exit code and what the terminal shows.
fn report(space: &Space) -> (i32, String, String) {
    let _ = fs::remove_file(space.path("r.html"));
    let said = space.hilum(&["report", "-o", "r.html"]);
    (said.code, fs::read_to_string(space.path("r.html")).unwrap_or_default(), said.err)
}

fn ran(text: &str) -> (Space, String) {
    let space = Space::new();
    space.write("study.yaml", text);
    let said = space.hilum(&["run", "study.yaml", "--device", "cpu"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let journal = journal(&space);
    (space, journal)
}

fn row(page: &str, check: &str) -> String {
    // An id may break at its points.
    let page = page.replace("<wbr>", "");
    let from = page.find(&format!("<th scope=\"row\"><code>{check}</code>")).unwrap_or_else(|| panic!("no row of {check}"));
    page[from..].split("</tr>").next().unwrap().to_owned()
}

#[test]
fn a_killed_run_has_its_findings_and_no_check_that_passed_before_its_time() {
    let (space, path) = ran(LEAK);
    let whole = space.read(&path);
    let lines: Vec<&str> = whole.lines().collect();
    let at = |parts: &[&str]| lines.iter().position(|line| parts.iter().all(|part| line.contains(part))).unwrap_or_else(|| panic!("{parts:?}: {whole}"));
    let started = at(&["\"type\":\"stage-started\"", "\"stage\":\"classifier\""]);
    let found = at(&["\"type\":\"finding\"", "leakage.patient_overlap"]);
    assert!(found < started && lines[found + 1..started].iter().any(|line| line.contains("\"type\":\"checked\"")), "before anything is trained");
    let findings: Vec<&str> = lines.iter().filter(|line| line.contains("\"type\":\"finding\"")).map(|line| line.split("\"prev\"").next().unwrap()).collect();
    assert_eq!(findings.iter().collect::<std::collections::BTreeSet<_>>().len(), findings.len(), "each once: {findings:#?}");
    // Killed at any line, it never says that what was not known had passed.
    let mut seen = vec![];
    for cut in 1..=lines.len() {
        space.write(&path, lines[..cut].join("\n") + "\n");
        let (code, page, err) = report(&space);
        assert_eq!(code, 0, "{err}");
        let verdict =
            |check: &str| ["passed", "not known yet", "allowed", "warning"].into_iter().find(|word| row(&page, check).contains(&format!(">{word}<"))).unwrap();
        seen.push((verdict("leakage.patient_overlap"), verdict("leakage.duplicate"), verdict("compute.undertrained")));
        assert_eq!(page.contains("<b>not finished</b>"), cut < lines.len());
        assert!(!page.contains("No test patient is in the training data"));
    }
    assert_eq!((seen[0].0, seen[found].0), ("not known yet", "allowed"));
    assert!(seen.iter().all(|(leak, ..)| *leak != "passed"), "{seen:?}");
    assert_eq!((seen[started].1, seen[started].2), ("passed", "not known yet"), "tables are there, and trainings are not: {seen:?}");
    assert_eq!(seen[lines.len() - 1], ("allowed", "passed", "passed"));
}

#[test]
fn a_run_that_reuses_everything_says_what_was_found() {
    let (space, first) = ran(LEAK);
    // Another variant of the study runs in between, so that the way back is recorded.
    space.edit("epochs: 1", "epochs: 2");
    assert_eq!(space.hilum(&["run", "study.yaml", "--device", "cpu"]).code, 0);
    space.edit("epochs: 2", "epochs: 1");
    assert_eq!(space.hilum(&["run", "study.yaml", "--device", "cpu"]).code, 0);
    assert_eq!(fs::read_dir(space.path(".hilum/runs")).unwrap().count(), 3, "{first}");
    let (_, page, _) = report(&space);
    assert!(row(&page, "leakage.patient_overlap").contains("<b>allowed</b>") && row(&page, "leakage.duplicate").contains(">passed<"), "{page}");
}

#[test]
fn a_journal_that_was_altered_is_no_clean_bill() {
    let (space, path) = ran(LEAK);
    let whole = space.read(&path);
    let altered = |text: String| {
        space.write(&path, text);
        report(&space)
    };
    let is_clean = |page: &str| page.contains(">passed<") || page.contains("<p class=\"good\">");
    let middle = whole.match_indices('\n').nth(4).unwrap().0;
    let last = whole.trim_end().rfind('\n').unwrap();
    for (what, text) in [
        ("a severity", whole.replace("\"severity\":\"warning\"", "\"severity\":\"passed\"")),
        ("garbage", format!("{}\ngarbage{}", &whole[..middle], &whole[middle..])),
        ("a line less", whole.lines().enumerate().filter(|(n, _)| *n != 3).map(|(_, line)| format!("{line}\n")).collect()),
        ("the first line", whole.lines().skip(1).map(|line| format!("{line}\n")).collect()),
        ("the last line", whole[..last].to_owned() + &whole[last..].replace("\"executed\":", "\"executed\":\"x\",\"y\":")),
    ] {
        assert_ne!(text, whole, "{what}");
        let (code, page, err) = altered(text);
        assert_eq!(code, 3, "{what}: {err}");
        assert!(err.contains("was altered at line"), "{what}: {err}");
        let notice = page.find("was altered at line").unwrap_or_else(|| panic!("{what}: {page}"));
        assert!(notice < page.find("<nav").unwrap() && !is_clean(&page), "{what}: {page}");
    }
    // Cut, it is that of a run that was killed.
    let (code, page, err) = altered(whole[..middle + 9].to_owned());
    assert_eq!(code, 0);
    assert!(err.contains("ends in the middle of a line") && page.contains("<b>not finished</b>") && !is_clean(&page), "{err}");
    // A run's journal gets its name with its first line, so that an empty one was emptied.
    for nothing in ["", &whole[..30]] {
        let (code, page, err) = altered(nothing.to_owned());
        assert!(code == 3 && err.contains("is empty: its lines were removed"), "{nothing:?}: {err}");
        assert!(page.find("is empty: its lines were removed").unwrap() < page.find("<nav").unwrap() && !is_clean(&page), "{page}");
    }
    let newer = whole.trim_end().rsplit_once('\n').unwrap().0.to_owned() + "\n";
    let prev = hilum_cache::Sha256::of(newer.trim_end().rsplit('\n').next().unwrap().as_bytes()).hex();
    let seq = newer.lines().count();
    let (code, page, err) = altered(newer + &format!("{{\"prev\":\"{prev}\",\"seq\":{seq},\"time\":\"t\",\"type\":\"zoo\",\"v\":1}}\n"));
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("is of a newer version of hilum") && !is_clean(&page), "{err}");
}

#[test]
fn what_gc_removed_is_named_and_what_is_lost_otherwise_is_an_error() {
    let (space, first) = ran(LEAK);
    let run = first.split('/').nth(2).unwrap().to_owned();
    space.edit("seed: 7", "seed: 8");
    assert_eq!(space.hilum(&["run", "study.yaml", "--device", "cpu"]).code, 0);
    assert_eq!(space.hilum(&["gc", "--keep-runs", "1"]).code, 0);
    let said = space.hilum(&["report", &run, "-o", "r.html"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let page = space.read("r.html");
    assert!(page.contains("No longer in the store, and so not shown: <code>scores."), "{page}");
    assert!(row(&page, "leakage.patient_overlap").contains("<b>allowed</b>"));
    let object = space.digests().into_iter().find(|(name, _)| name.ends_with("scores metrics")).map(|(_, digest)| digest);
    let object = object.unwrap_or_else(|| panic!("{:?}", space.digests()));
    let hex = object.trim_start_matches("b3:").to_owned();
    fs::remove_file(space.path(&format!(".hilum/objects/{}/{}", &hex[..2], &hex[2..]))).unwrap();
    let (code, _, err) = report(&space);
    assert_eq!(code, 3, "nobody removed it on purpose: {err}");
}

#[test]
fn nothing_but_a_report_is_overwritten() {
    let (space, _) = ran("study: s\nseed: 1\nstages:\n  images: { stage: phantoms, with: { size: 32, classes: { a: { images: 2 } } } }\n");
    let study = space.read("study.yaml");
    let refused = |path: &str, words: &str| {
        let said = space.hilum(&["report", "-o", path]);
        assert_eq!(said.code, 2, "{path}: {}", said.err);
        assert!(said.err.contains(words) && said.err.contains("help: "), "{path}: {}", said.err);
    };
    refused("study.yaml", "exists and is not a report of hilum");
    for inside in [".hilum/format", ".hilum/new.html", ".hilum-private/new.html"] {
        fs::create_dir_all(space.path(".hilum-private")).unwrap();
        refused(inside, "where hilum keeps what it needs");
    }
    assert_eq!(space.read("study.yaml"), study);
    for _ in 0..2 {
        assert_eq!(space.hilum(&["report", "-o", "r.html"]).code, 0, "a report takes the place of an older one");
    }
    let results = space.hilum(&["run", "study.yaml", "--results", ".hilum/objects"]);
    assert_eq!(results.code, 2, "{}", results.err);
    // What lies in `tmp` of a store is swept.
    space.write("mine/tmp/thesis.txt", "all of it");
    let said = space.hilum(&["run", "study.yaml", "--store", "mine"]);
    assert_eq!(said.code, 2, "{}", said.err);
    assert!(said.err.contains("is not a store, and it is not empty: it has `tmp`"), "{}", said.err);
    assert_eq!(space.read("mine/tmp/thesis.txt"), "all of it");
    space.write("pages/hilum.1", "my own");
    assert_eq!(space.hilum(&["man", "pages"]).code, 2);
    assert_eq!((space.hilum(&["man", "others"]).code, space.hilum(&["man", "others"]).code), (0, 0));
}

/// A check that reads records is decided by results: it must not count as passed before there are any.
#[test]
fn checks_that_read_records_wait_for_them() {
    let table = fs::read_to_string(root().join("src/checks.rs")).unwrap();
    let mut readers = 0;
    for entry in fs::read_dir(root().join("src/checks")).unwrap() {
        let path = entry.unwrap().path();
        if fs::read_to_string(&path).unwrap().contains("look.record") {
            readers += 1;
            let module = format!("{}::", path.file_stem().unwrap().to_str().unwrap());
            let rows: Vec<&str> = table.lines().filter(|line| line.trim_start().starts_with(['e', 'w', 'i']) && line.contains(&module)).collect();
            assert!(!rows.is_empty() && rows.iter().all(|row| row.contains("DecidedBy::Results")), "{module} {rows:?}");
        }
    }
    assert!(readers >= 3);
}
