//! Every stage kind on little input gives the bytes that are written down, under the VERSION that is written down.
//!
//! `tests/golden/KIND.json` holds, for each stage of `tests/golden/study.yaml`, its recipe and the digests of its outputs. An
//! equal recipe must give equal bytes, or caches would be wrong. A stage whose recipe differs because an input does is
//! not judged: the kind that made the input is. [`RENEW`] writes the files.

use crate::space::{RENEW, Space, root};
use hilum_cache::canonical;
use hilum_cache::receipt::{Artifact, Receipt};
use hilum_cache::recipe::{Part, Recipe};
use hilum_stages::KINDS;
use hilum_stages::contract::fit::NotWritten;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

/// What a stage was made of and what it gave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Case {
    recipe: Recipe,
    outputs: BTreeMap<String, String>,
}

/// Cases of a kind, by stage.
type Cases = BTreeMap<String, Case>;

/// What is to be said of a stage.
#[derive(Debug, PartialEq)]
enum Verdict {
    Same,
    /// Other inputs: the kind that made them is responsible.
    Follows,
    /// The bytes changed, and no recipe says so.
    Changed(String),
    /// The file is of another version.
    Stale(String),
}

fn judge(stage: &str, written: Option<&Case>, found: &Case) -> Verdict {
    let kind = &found.recipe.kind;
    let Some(written) = written else {
        return Verdict::Stale(format!("`{stage}` ({kind}) is not written down"));
    };
    let differences = found.recipe.differences(&written.recipe);
    if let Some(d) = differences.iter().find(|d| d.part != Part::Input) {
        let what = match d.part {
            Part::Version => format!("the VERSION of `{kind}`"),
            Part::Engine => "the engine".into(),
            part => format!("{part:?} {}", d.path),
        };
        return Verdict::Stale(format!("`{stage}` ({kind}): {what} is {} now, and {} is written down", d.new, d.old));
    }
    if !differences.is_empty() {
        return Verdict::Follows;
    }
    let ports: Vec<&str> = found.outputs.iter().filter(|(port, digest)| written.outputs.get(*port) != Some(digest)).map(|(port, _)| port.as_str()).collect();
    if ports.is_empty() && found.outputs.len() == written.outputs.len() {
        return Verdict::Same;
    }
    Verdict::Changed(format!(
        "`{kind}` gives other bytes ({stage}: {}), and its VERSION is {} as before: either the change is not meant, or VERSION must be raised",
        ports.join(", "),
        found.recipe.version
    ))
}

/// An imported image: 26 rows of greys.
fn image(i: u32) -> Vec<u8> {
    let (width, height) = (20 + 3 * i, 26);
    let pixels: Vec<u8> = (0..width * height).map(|p| (p * (i + 3) % 251) as u8).collect();
    hilum_stages::data::png::encode(&pixels, width, height, &[]).unwrap()
}

/// A table of an earlier split that held some of the imported images.
fn earlier(images: std::ops::Range<u32>) -> String {
    let header = "image,patient,number,label,source,origin,generator,parent,age,sex,view,width,height\n";
    let row = |i| format!("{},t{i},0,a,import,real,,,,,,20,26\n", hilum_cache::Digest::of(&image(i)));
    std::iter::once(header.to_owned()).chain(images.map(row)).collect()
}

/// A published table with a cell of each verdict.
const PUBLISHED: &str = "\
paper: A
source: B
counts: { all: { printed: 90, in: C }, train: { printed: 90, in: C }, test: { printed: 46, in: C } }
tables:
- table: Table 1
  in: C
  columns: [rate, FN, mean, F1]
  rows:
    good: [.6304, 17, .50, .500]
    bad: [.3473, 30, .51, .600]
    skew: [1.96, –, –, –]
    other: [.51, –, –, –]
  rates: [{ column: rate, rows: [good, bad], of: test, missed: FN }]
  ratios: [{ row: skew, column: rate, of: train, over: test }, { row: other, column: rate, of: train, over: all }]
  folds: [{ column: mean, sizes: [[5, 5]] }]
  f1: [{ column: F1, rows: [good, bad], from: { precision: mean, recall: mean } }]
";

/// Runs the study; its stages in the order in which they were done.
fn run(portable: bool) -> Vec<(String, Case)> {
    let space = Space::new();
    space.write("study.yaml", fs::read(root().join("tests/golden/study.yaml")).unwrap());
    space.give_key([7; 32]);
    let mut table = "who,file,label\n".to_owned();
    for i in 0..6u32 {
        space.write(&format!("data/images/{i}.png"), image(i));
        space.write(&format!("data/masks/{i}.png"), image(5 - i));
        table += &format!("P{},{i}.png,{}\n", i / 2, ["a", "b"][i as usize % 2]);
    }
    space.write("data/table.csv", table);
    space.write("data/published.yaml", PUBLISHED);
    let mut command = space.command(&["run", "study.yaml", "--data", "data=data"]);
    if portable {
        command.env("HILUM_PORTABLE", "1");
    }
    for (part, of) in [("train", 0..4), ("test", 4..6)] {
        space.write(&format!("data/earlier/{part}.csv"), earlier(of));
    }
    let said = crate::space::said(command.output().unwrap());
    assert_eq!(said.code, 0, "{}\n{}", said.out, said.err);
    let runs: Value = serde_json::from_str(&space.hilum(&["ls", "--json"]).out).unwrap();
    let shown = space.hilum(&["show", runs["runs"][0]["run"].as_str().unwrap(), "--json"]).out;
    let mut shown: Value = serde_json::from_str(&shown).unwrap();
    let lines = shown["journal"].as_array_mut().unwrap();
    let receipts = lines.iter_mut().filter_map(|l| serde_json::from_value::<Receipt>(l["receipt"].take()).ok());
    let digest = |(port, artifact): (&String, &Artifact)| (port.clone(), artifact.digest.to_string());
    receipts.map(|r| (r.stage, Case { outputs: r.outputs.iter().map(digest).collect(), recipe: r.recipe })).collect()
}

fn file(kind: &str) -> PathBuf {
    root().join(format!("tests/golden/{kind}.json"))
}

#[test]
fn golden_bytes_of_every_kind_follow_from_its_version() {
    let found = run(true);
    let mut by_kind: BTreeMap<&str, Cases> = BTreeMap::new();
    for (stage, case) in &found {
        by_kind.entry(&case.recipe.kind).or_default().insert(stage.clone(), case.clone());
    }
    let all: Vec<&str> = KINDS.iter().map(|k| k.name).collect();
    assert_eq!(by_kind.keys().copied().collect::<Vec<_>>(), all, "give every kind a stage in tests/golden/study.yaml");
    if std::env::var_os("HILUM_UPDATE").is_some() {
        // What is written down is never made to lie: other bytes under one recipe are refused here, too.
        let before = |kind: &str| fs::read_to_string(file(kind)).ok().and_then(|text| serde_json::from_str::<Cases>(&text).ok()).unwrap_or_default();
        let changed = |(stage, case): &(String, Case)| match judge(stage, before(&case.recipe.kind).get(stage), case) {
            Verdict::Changed(what) => Some(format!("\n  {what}")),
            _ => None,
        };
        let changed: String = found.iter().filter_map(changed).collect();
        assert!(changed.is_empty(), "{changed}\nand then: run `{RENEW}`, and commit what it writes");
        for (kind, cases) in &by_kind {
            fs::write(file(kind), serde_json::to_string_pretty(cases).unwrap() + "\n").unwrap();
        }
    }
    let mut written = BTreeMap::new();
    for kind in &all {
        let text = fs::read_to_string(file(kind)).unwrap_or_else(|_| panic!("there is no tests/golden/{kind}.json: run `{RENEW}`, and commit what it writes"));
        written.extend(serde_json::from_str::<Cases>(&text).unwrap_or_else(|e| panic!("tests/golden/{kind}.json: {e}")));
    }
    let verdicts: Vec<Verdict> = found.iter().map(|(stage, case)| judge(stage, written.get(stage), case)).collect();
    let of = |pick: fn(&Verdict) -> Option<&String>| verdicts.iter().filter_map(pick).map(|what| format!("\n  {what}")).collect::<String>();
    let changed = of(|v| if let Verdict::Changed(what) = v { Some(what) } else { None });
    assert!(changed.is_empty(), "{changed}\nand then: run `{RENEW}`, and commit what it writes");
    let stale = of(|v| if let Verdict::Stale(what) = v { Some(what) } else { None });
    assert!(
        stale.is_empty() && verdicts.iter().all(|v| *v == Verdict::Same),
        "tests/golden is of other versions than the code: run `{RENEW}`, and commit what it writes{stale}"
    );
    assert_eq!(
        written.len(),
        found.len(),
        "tests/golden has stages that tests/golden/study.yaml no longer has, or lacks some: run `{RENEW}`, and commit what it writes"
    );

    // What was computed by plain code, the instructions of this machine give to the last bit.
    let native: Cases = run(false).into_iter().collect();
    for (stage, portable) in &found {
        assert_eq!(portable.outputs, native[stage].outputs, "{stage}: this machine's instructions give other bits than plain code");
    }
}

/// What a recipe lacks, a stage would add after its key is formed.
#[test]
fn golden_recipes_contain_every_default() {
    let lacks = |recipe: &Recipe| {
        let kind = KINDS.iter().find(|k| k.name == recipe.kind).unwrap();
        // Files outside are in a recipe by their digests alone.
        let mut parameters = recipe.parameters.clone();
        for (source, digest) in &recipe.sources {
            let (above, name) = source.rsplit_once('.').unwrap_or(("", source));
            let holder = above.split('.').filter(|s| !s.is_empty()).try_fold(&mut parameters, |node, key| node.get_mut(key)).unwrap();
            holder[name] = digest.hex().into();
        }
        let decoded = (kind.decode)(parameters.clone(), &NotWritten).unwrap_or_else(|bad| panic!("{}: {bad:?}", recipe.kind)).parameters();
        // In the one spelling that keys are made of.
        let [written, read] = [parameters, decoded].map(|value| canonical::to_string(&value));
        (written != read).then(|| format!("{}: {written} is read as {read}", recipe.kind))
    };
    let mut seen = 0;
    for kind in KINDS {
        let cases: Cases = serde_json::from_str(&fs::read_to_string(file(kind.name)).unwrap()).unwrap();
        for (stage, case) in cases {
            assert_eq!(lacks(&case.recipe), None, "{stage}");
            seen += 1;
        }
    }
    assert!(seen >= KINDS.len());
    let without = serde_json::json!({ "v": 1, "kind": "prepare", "version": 1, "parameters": { "size": 32 }, "inputs": {} });
    assert!(lacks(&serde_json::from_value(without).unwrap()).is_some(), "a default that a recipe lacks is found");
}

#[test]
fn golden_verdicts_name_the_kind_that_changed_and_no_other() {
    let case = |version: u32, input: &str, output: &str| -> Case {
        let digest = |text: &str| hilum_cache::Digest::of(text.as_bytes()).to_string();
        let recipe = serde_json::json!({ "v": 1, "kind": "prepare", "version": version, "parameters": {}, "inputs": { "samples": digest(input) } });
        Case { recipe: serde_json::from_value(recipe).unwrap(), outputs: [("images".to_owned(), digest(output))].into() }
    };
    let written = case(2, "in", "out");
    let of = |found: &Case| judge("pixels", Some(&written), found);
    assert_eq!(of(&written), Verdict::Same);
    assert_eq!(of(&case(2, "other", "changed")), Verdict::Follows);
    assert!(
        matches!(of(&case(2, "in", "changed")), Verdict::Changed(what) if what.contains("`prepare` gives other bytes (pixels: images)") && what.contains("VERSION is 2"))
    );
    assert!(matches!(of(&case(3, "in", "changed")), Verdict::Stale(what) if what.contains("the VERSION of `prepare` is 3 now, and 2 is written down")));
    assert!(matches!(judge("pixels", None, &written), Verdict::Stale(_)));
}
