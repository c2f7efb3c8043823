//! What `--json` prints is what `docs/json/` says, field by field: neither is there one that the other does not have.

use crate::space::{Space, root, said};
use hilum::audit::AuditJournal;
use hilum_cache::journal::Audit;
use hilum_cache::{Digest, WritableStore, erasure};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;

/// Fields of machines that have a GPU.
const OF_GPUS: [&str; 3] = ["gpus[].number", "gpus[].engine", "gpus[].fingerprint"];
/// Pages whose verbs are not run here: each has a test of its own.
const ELSEWHERE: [&str; 6] = ["erase-plan", "forget", "patients", "trace", "verify-replay", "who-used"];

/// A path of a field, key by key; `[]` for an item of a list.
type Path = Vec<String>;

/// The paths of all values that hold no others.
fn leaves(value: &Value, at: &mut Path, out: &mut BTreeSet<Path>) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (name, below) in fields {
                at.push(name.clone());
                leaves(below, at, out);
                at.pop();
            }
        }
        Value::Array(items) if !items.is_empty() => {
            at.push("[]".into());
            items.iter().for_each(|item| leaves(item, at, out));
            at.pop();
        }
        _ => drop(out.insert(at.clone())),
    }
}

/// The fields that the tables of a page name: `a.b[].c`, NAME for any name, and `…` for whatever is below.
fn documented(page: &str) -> Vec<Path> {
    let text = fs::read_to_string(root().join("docs/json").join(page)).unwrap_or_else(|e| panic!("{page}: {e}"));
    let rows = text.lines().filter_map(|l| l.strip_prefix("| `")?.split_once("` |")).map(|r| r.0.to_owned());
    rows.map(|row| row.replace("[]", ".[]").split('.').map(str::to_owned).collect()).collect()
}

fn is_name(part: &str) -> bool {
    part.chars().all(|c| c.is_ascii_uppercase())
}

/// Whether a documented path is that of a value; of an empty one, also where it is documented what it would hold.
fn fits(row: &Path, found: &Path) -> bool {
    let same = |(row, found): (&String, &String)| is_name(row) || row == found;
    match row.split_last() {
        Some((last, above)) if last == "…" => above.iter().zip(found).all(same),
        _ => row.len() >= found.len() && row.iter().zip(found).all(same),
    }
}

fn is_exactly(row: &Path, found: &Path) -> bool {
    fits(row, found) && (row.len() == found.len() || found.len() + 1 >= row.len() && row.last().is_some_and(|l| l == "…"))
}

/// Compares what calls printed with the page of their verb.
pub fn compare(verb: &str, said: &[String]) {
    let common = documented("README.md");
    let rows = documented(&format!("{verb}.md"));
    assert!(!rows.is_empty() && !common.is_empty(), "{verb}: no table");
    let mut found = BTreeSet::new();
    for text in said {
        let documents: Vec<Value> = if verb == "run" { text.lines().map(parsed).collect() } else { vec![parsed(text)] };
        documents.iter().for_each(|d| leaves(d, &mut vec![], &mut found));
    }
    let text = |p: &Path| p.join(".").replace(".[]", "[]");
    let unknown: Vec<String> = found.iter().filter(|f| !rows.iter().chain(&common).any(|r| fits(r, f))).map(text).collect();
    assert!(unknown.is_empty(), "`{verb}` writes fields that docs/json/{verb}.md does not document: {unknown:#?}");
    let has_gpu = !hilum_stages::gpus().is_empty();
    let never = rows.iter().filter(|r| !found.iter().any(|f| is_exactly(r, f))).map(text).filter(|r| has_gpu || !OF_GPUS.contains(&r.as_str()));
    let never: Vec<String> = never.collect();
    assert!(
        never.is_empty(),
        "docs/json/{verb}.md documents fields that `{verb}` never writes: {never:#?}; it writes {:#?}",
        found.iter().map(text).collect::<Vec<_>>()
    );
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

/// The one text that a verb of an executed study prints.
fn out(space: &Space, call: &[&str]) -> String {
    let said = space.hilum(&[call, &["--json"]].concat());
    assert!(!said.out.is_empty(), "{call:?}: {}", said.err);
    assert!(!said.out.trim_end().contains('\n') || call[0] == "run", "{call:?} prints one document: {}", said.out);
    said.out
}

/// A space in which the tiny study ran twice, with a change in between.
fn twice() -> (Space, [String; 2]) {
    let space = Space::tiny();
    space.executed();
    space.edit("epochs: 2", "epochs: 1");
    space.executed();
    let runs = parsed(&out(&space, &["ls"]));
    let name = |n: usize| runs["runs"][n]["run"].as_str().unwrap().to_owned();
    let names = [name(0), name(1)];
    (space, names)
}

#[test]
fn verbs_of_the_program_print_what_is_documented() {
    let space = Space::tiny();
    compare(
        "stages",
        &[out(&space, &["stages"]), out(&space, &["stages", "import"]), out(&space, &["stages", "split"]), out(&space, &["stages", "synthesize"])],
    );
    compare("explain", &[out(&space, &["explain", "E0104"]), out(&space, &["explain", "leakage.duplicate"])]);
    compare("doctor", &[out(&space, &["doctor"])]);
    compare("graph", &[out(&space, &["graph", "study.yaml"])]);
    let leaking = space.hilum(&["check", "study.yaml", "--set", "stages.split.with.by=image", "--json"]).out;
    let few = out(&space, &["check", "study.yaml", "--set", "stages.synthetic.with.count=1"]);
    compare("check", &[few, leaking, out(&space, &["check", "study.yaml", "--mutate"])]);
}

#[test]
fn what_a_study_could_show_is_documented() {
    let space = Space::tiny();
    let call = ["power", "study.yaml", "--simulations", "50"];
    let none = out(&space, &["power", "study.yaml", "--set", "stages.comparison.with.metric=ece"]);
    compare("power", &[out(&space, &call), out(&space, &[&call[..], &["--set", "stages.comparison.with.margin=0.1"]].concat()), none]);
}

#[test]
fn errors_of_a_study_are_in_the_document() {
    let space = Space::tiny();
    space.edit("epochs: 2", "epoch: 2");
    for verb in ["check", "graph", "plan", "run"] {
        let said = space.hilum(&[verb, "study.yaml", "--json"]);
        let document = parsed(&said.out);
        let fault = &document["diagnostics"][0];
        assert_eq!((said.code, fault["code"].as_str(), fault["severity"].as_str()), (2, Some("E0104"), Some("error")), "{verb}: {}", said.out);
        assert_eq!((fault["file"].as_str(), fault["line"].as_u64(), fault["column"].as_u64()), (Some("study.yaml"), Some(56), Some(7)), "{verb}: {fault}");
        let mut found = BTreeSet::new();
        leaves(&document, &mut vec![], &mut found);
        let rows = documented("README.md");
        assert!(rows.iter().all(|r| found.iter().any(|f| fits(r, f))), "{verb}: {found:?}");
        assert!(said.err.contains("error[E0104]"), "people are told, too: {}", said.err);
    }
}

#[test]
fn verbs_of_a_store_print_what_is_documented() {
    let (space, [first, second]) = twice();
    let digest = space.digests()["generator generator"].clone();
    compare("ls", &[out(&space, &["ls"])]);
    compare("show", &[out(&space, &["show", &first]), out(&space, &["show", &second]), out(&space, &["show", &digest])]);
    compare("report", &[out(&space, &["report", "-o", "r.html"]), out(&space, &["report", "--compare", &first, &second, "-o", "r.html"])]);
    compare("export", &[out(&space, &["export", "ro-crate", "-o", "crate"]), out(&space, &["export", "cyclonedx", "-o", "bom", &first])]);
    let none = out(&space, &["diff", &first, &first]);
    assert_eq!(parsed(&none)["metrics"], Value::Array(vec![]));
    // A stage more, and one less.
    space.edit("  embedding:\n", "  other-embedding:\n");
    space.edit("contrast: 1.5", "contrast: 1.2");
    let keys = tempfile::tempdir().unwrap();
    let key = keys.path().join("k").display().to_string();
    space.hilum(&["key", "new", &key]);
    let with_key = |args: &[&str]| said(space.command(args).arg("--json").env("HILUM_KEY", &key).output().unwrap()).out;
    let events = with_key(&["run", "study.yaml"]);
    let third = parsed(events.lines().last().unwrap())["run"].as_str().unwrap().to_owned();
    compare("diff", &[none, out(&space, &["diff", &first, &third])]);
    let dry = out(&space, &["gc", "--keep-runs", "1", "--dry-run"]);
    assert_eq!(parsed(&dry)["dry_run"], true);
    let journal = format!(".hilum/runs/{third}/journal.jsonl");
    // A record of a result that does not read any more.
    let broken = space.read(&journal).replacen("\"receipt\":{", "\"receipt\":[", 1);
    with_key(&["cosign", &third, "--as", "review"]);
    let whole = out(&space, &["verify"]);
    // Objects of a patient who was erased, as a journal of its own says.
    {
        let store = WritableStore::open(&space.path(".hilum")).unwrap();
        let gone: Digest = digest.parse().unwrap();
        let mut audit = AuditJournal::begin(&store, Audit::Erasure, "tiny").unwrap();
        erasure::erase(&store, audit.journal(), &[gone].into(), &[]).unwrap();
        audit.finish(&store, None).unwrap();
    }
    let erased = out(&space, &["verify", "--results", ".hilum"]);
    // A recipe that does not fit its key, in a line after which the chain breaks.
    let whole_journal = space.read(&journal);
    space.write(&journal, whole_journal.replacen("\"v\":1,\"version\":", "\"v\":1,\"version\":9", 1));
    let altered = out(&space, &["verify"]);
    space.write(&journal, broken);
    fs::remove_file(space.path(&format!(".hilum/runs/{second}/checkpoint.dsse.json"))).unwrap();
    let result = space.path("results/tiny/comparison/table.csv");
    assert!(result.exists(), "{result:?}");
    fs::remove_file(&result).unwrap();
    fs::write(&result, "changed").unwrap();
    compare("gc", &[dry, out(&space, &["gc", "--keep-runs", "1", "--dry-run"])]);
    fs::remove_dir_all(space.path(".hilum/objects")).unwrap();
    // A record that is gone, and with it what later runs reused.
    space.write(&format!(".hilum/runs/{first}/journal.jsonl"), String::new());
    compare("verify", &[whole, erased, altered, out(&space, &["verify"])]);
}

#[test]
fn verbs_of_the_ledger_print_what_is_documented() {
    let (space, keys) = (Space::tiny(), tempfile::tempdir().unwrap());
    let key = keys.path().join("k").display().to_string();
    compare("key-new", &[out(&space, &["key", "new", &key])]);
    let with_key = |args: &[&str]| said(space.command(args).arg("--json").env("HILUM_KEY", &key).output().unwrap()).out;
    let run = with_key(&["run", "study.yaml", "--only", "split"]);
    let run = parsed(run.lines().last().unwrap())["run"].as_str().unwrap().to_owned();
    space.edit("seed: 7", "seed: 8");
    space.hilum(&["run", "study.yaml", "--only", "split"]);
    compare("cosign", &[with_key(&["cosign", &run, "--as", "witness"])]);
    let log = out(&space, &["log"]);
    assert_eq!(out(&space, &["log", &run]), out(&space, &["show", &run]));
    let proof = keys.path().join("proof.json").display().to_string();
    let proved = out(&space, &["prove", "split", "-o", &proof]);
    let unsigned = out(&space, &["prove", "--check", &proof]);
    with_key(&["run", "study.yaml"]);
    with_key(&["cosign", "--as", "review"]);
    let of_signed = with_key(&["prove", "generator", "-o", &proof]);
    let checked = [unsigned, out(&space, &["prove", "--check", &proof])];
    fs::write(&proof, fs::read_to_string(&proof).unwrap().replace("receipt", "recipe")).unwrap();
    compare("prove", &[[proved, of_signed].as_slice(), &checked, &[out(&space, &["prove", "--check", &proof])]].concat());
    fs::remove_file(space.path(&format!(".hilum/runs/{run}/checkpoint.dsse.json"))).unwrap();
    compare("log", &[log, out(&space, &["log"])]);
}

#[test]
fn verbs_of_an_import_print_what_is_documented() {
    let space = Space::new();
    let grey: Vec<u8> = (0..400u32).map(|i| (i % 251) as u8).collect();
    space.write("data/a/1.png", hilum_stages::data::png::encode(&grey, 20, 20, &[]).unwrap());
    space.write("study.yaml", "study: s\nseed: 1\nstages:\n  images: { stage: import, with: { images: data } }\n");
    let ran = space.hilum(&["run", "study.yaml", "--json"]);
    assert_eq!(ran.code, 0, "{}\n{}", ran.out, ran.err);
    let map = space.read(".hilum-private/images-2");
    compare("image", &[out(&space, &["image", &map[..20]])]);
    compare("key-adopt", &[out(&space, &["key", "adopt"])]);
}

#[test]
fn events_of_runs_are_documented() {
    let space = Space::tiny();
    let first = out(&space, &["run", "study.yaml"]);
    space.edit("epochs: 2", "epochs: 1");
    let second = out(&space, &["run", "study.yaml"]);
    // More folds than patients: the stages below are skipped.
    space.edit("with: { by: patient, train: 0.7, test: 0.3 }", "with: { by: patient, folds: 500, fold: 0 }");
    let failed = out(&space, &["run", "study.yaml", "--keep-going"]);
    space.edit("folds: 500", "fold: 500");
    let wrong = out(&space, &["run", "study.yaml", "--set", "stages.nothing.seed=1"]);
    compare("run", &[first, second, failed, wrong]);
}

#[test]
fn counts_and_the_resolved_study_are_fields_of_the_plan() {
    let space = Space::tiny();
    space.executed();
    let plan = parsed(&out(&space, &["plan", "study.yaml", "--counts", "--resolved"]));
    assert_eq!(plan["counts"]["balanced.samples"].as_object().unwrap().len(), 2, "{}", plan["counts"]);
    assert_eq!(plan["resolved"]["stages"]["pixels"]["with"]["size"], 32);
    assert!(plan["stages"].as_array().unwrap().iter().all(|s| s["decision"] == "reuse"));
    let bare = parsed(&out(&space, &["plan", "study.yaml"]));
    assert!(bare.get("counts").is_none() && bare.get("resolved").is_none());
}

#[test]
fn plans_and_their_reasons_are_documented() {
    let space = Space::tiny();
    let fresh = out(&space, &["plan", "study.yaml"]);
    let sealed = out(&space, &["plan", "study.yaml", "--seal"]);
    space.executed();
    let done = [out(&space, &["plan", "study.yaml", "--counts", "--resolved"]), out(&space, &["why", "study.yaml", "split"])];
    space.edit("epochs: 2", "epochs: 1");
    // Images by themselves are one training set with those that were repeated.
    space.edit("with: { by: patient, train: 0.7, test: 0.3 }", "with: { by: image, train: 0.7, test: 0.3 }\n    expect: { normal: 3 }");
    let changed = [out(&space, &["plan", "study.yaml"]), out(&space, &["why", "study.yaml", "classifier"])];
    space.edit("    expect: { normal: 3 }", "    expect: { normal: 34 }");
    space.hilum(&["run", "study.yaml", "--only", "split"]);
    let found = out(&space, &["plan", "study.yaml"]);
    // A paper whose count stands beside that of the study.
    let table = "tables: [{ table: T, in: p, columns: [n], rows: { a: [46] }, sums: [{ row: a, column: n, readings: [all] }] }]\n";
    space.write("paper.yaml", format!("paper: A\nsource: B\ncounts: {{ all: {{ printed: 46, in: p, here: {{ table: images, label: covid }} }} }}\n{table}"));
    space.edit("stages:\n", "stages:\n  audit: { stage: audit-table, with: { table: paper.yaml } }\n");
    let beside = out(&space, &["plan", "study.yaml", "--counts"]);
    compare("plan", &[fresh, sealed, done[0].clone(), changed[0].clone(), found, beside]);
    compare("why", &[done[1].clone(), changed[1].clone()]);
}

#[test]
fn every_page_is_of_a_verb_that_was_run() {
    let here = [
        "check",
        "cosign",
        "diff",
        "doctor",
        "explain",
        "export",
        "gc",
        "graph",
        "image",
        "key-adopt",
        "key-new",
        "log",
        "ls",
        "plan",
        "power",
        "prove",
        "report",
        "run",
        "show",
        "stages",
        "verify",
        "why",
    ];
    let index = fs::read_to_string(root().join("docs/json/README.md")).unwrap();
    for entry in fs::read_dir(root().join("docs/json")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let verb = name.strip_suffix(".md").unwrap();
        assert!(verb == "README" || here.contains(&verb) || ELSEWHERE.contains(&verb), "{name}");
    }
    for verb in here {
        assert!(index.contains(&format!("]({verb}.md)")), "docs/json/README.md does not lead to {verb}.md");
    }
}
