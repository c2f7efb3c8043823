//! The ledger from outside: signed runs, tampering of every kind, proofs, cosignatures, and keys that lie where they should not.

use crate::space::{Said, Space, said};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;

/// Two directories beside each other: a study that takes a moment, and keys.
struct Signed {
    study: Space,
    keys: PathBuf,
    _held: tempfile::TempDir,
}

const STUDY: &str = "study: s\nseed: 1\nstages:\n  images: { stage: phantoms, with: { size: 16, classes: { a: { images: 6 }, b: { images: 6 } } } }\n  split: { stage: split, in: { samples: images }, with: { by: patient, train: 0.5, test: 0.5 } }\n";

impl Signed {
    fn new() -> Signed {
        let held = tempfile::tempdir().unwrap();
        let (study, keys) = (held.path().join("study"), held.path().join("keys"));
        [&study, &keys].into_iter().for_each(|directory| fs::create_dir(directory).unwrap());
        let signed = Signed { study: Space::at(study), keys, _held: held };
        signed.study.write("study.yaml", STUDY);
        for name in ["site", "other"] {
            let made = signed.study.hilum(&["key", "new", &signed.key(name)]);
            assert_eq!(made.code, 0, "{}", made.err);
        }
        signed
    }

    fn key(&self, name: &str) -> String {
        self.keys.join(name).display().to_string()
    }

    fn trusting(&self, name: &str) -> String {
        format!("--trusted-key={}.pub", self.key(name))
    }

    /// Runs a command with a key.
    fn with_key(&self, key: &str, args: &[&str]) -> Said {
        said(self.study.command(args).env("HILUM_KEY", key).output().unwrap())
    }

    /// Runs the study, changed so that there is something to do; gives the run.
    fn run(&self, seed: u32, key: Option<&str>) -> String {
        let text = STUDY.replace("seed: 1", &format!("seed: {seed}"));
        self.study.write("study.yaml", text);
        let args = ["run", "study.yaml", "--json"];
        let ran = match key {
            Some(key) => self.with_key(&self.key(key), &args),
            None => self.study.hilum(&args),
        };
        assert_eq!(ran.code, 0, "{}", ran.err);
        let last: Value = serde_json::from_str(ran.out.lines().last().unwrap()).unwrap();
        last["run"].as_str().unwrap().to_owned()
    }

    fn verify(&self, args: &[&str]) -> Said {
        self.study.hilum(&[&["verify"], args].concat())
    }

    fn file(&self, run: &str, name: &str) -> PathBuf {
        self.study.path(&format!(".hilum/runs/{run}/{name}"))
    }
}

#[test]
fn runs_are_signed_by_the_key_of_the_environment_and_verified_by_the_trusted_one() {
    let signed = Signed::new();
    let [one, two] = [signed.run(1, Some("site")), signed.run(2, Some("site"))];
    let trusted = signed.verify(&[&signed.trusting("site")]);
    assert_eq!(trusted.code, 0, "{}", trusted.out);
    assert!(trusted.out.contains("2 checkpoints: 2 signed by a key that you trust; head sha256:"), "{}", trusted.out);
    let untold = signed.verify(&[]);
    assert!(untold.code == 0 && untold.out.contains("2 with a signature that was not checked"), "{}", untold.out);
    let other = signed.verify(&[&signed.trusting("other")]);
    assert!(other.code == 3 && other.out.contains(&format!("UNTRUSTED  run {one} is not signed")), "{}", other.out);
    let three = signed.run(3, None);
    let mixed = signed.verify(&[&signed.trusting("site")]);
    assert!(mixed.code == 3 && mixed.out.contains(&format!("UNTRUSTED  run {three}")) && mixed.out.contains("1 not signed"), "{}", mixed.out);
    let log = signed.study.hilum(&["log", &signed.trusting("site")]);
    let order: Vec<usize> = [&three, &two, &one].map(|run| log.out.find(run.as_str()).unwrap()).to_vec();
    assert!(order.is_sorted() && log.out.contains(", not signed") && log.out.contains("which you trust"), "{}", log.out);
    let lines = signed.study.hilum(&["log", &one]);
    assert!(lines.code == 0 && lines.out.contains("receipt       images, key b3:") && lines.out.contains("2 executed, 0 reused"), "{}", lines.out);
}

#[test]
fn a_failed_run_has_a_checkpoint_too() {
    let signed = Signed::new();
    let failing = "  more: { stage: combine, in: { samples: [images] }, with: { take: { a: 50 } } }\n";
    signed.study.write("study.yaml", [STUDY, failing].concat());
    assert_eq!(signed.study.hilum(&["run", "study.yaml"]).code, 1);
    let verified = signed.verify(&[]);
    assert!(verified.code == 0 && verified.out.contains("1 checkpoint: 1 not signed"), "{}", verified.out);
}

/// Each kind of tampering is said to be where it is.
#[test]
fn tampering_is_located() {
    let signed = Signed::new();
    let [one, two] = [signed.run(1, Some("site")), signed.run(2, Some("site"))];
    let trusting = signed.trusting("site");
    let found = |what: &str, expected: &[&str]| {
        let said = signed.verify(&[&trusting]);
        assert_eq!(said.code, 3, "{what}: {}", said.out);
        expected.iter().for_each(|part| assert!(said.out.contains(part), "{what}: {part}: {}", said.out));
    };
    let swap = |path: PathBuf, new: &dyn Fn(&str) -> String, what: &str, expected: &[&str]| {
        let old = fs::read_to_string(&path).unwrap();
        fs::remove_file(&path).unwrap();
        fs::write(&path, new(&old)).unwrap();
        found(what, expected);
        fs::write(&path, old).unwrap();
    };
    let [journal, checkpoint] = ["journal.jsonl", "checkpoint.dsse.json"].map(|name| signed.file(&one, name));
    swap(journal.clone(), &|text| text.replace("\"train\":0.5", "\"train\":0.6"), "a parameter", &[&format!("journal of run {one}: line")]);
    let cut = |text: &str| text.lines().take(2).map(|line| format!("{line}\n")).collect();
    swap(journal.clone(), &cut, "the end of a journal", &[&format!("SHORTER  journal of run {one}: line 3 and what follows are gone")]);
    let twice = |text: &str| format!("{text}{}\n", text.lines().last().unwrap());
    swap(journal, &twice, "a line that was written twice", &[&format!("run {one}: line")]);
    let other = fs::read_to_string(signed.file(&two, "checkpoint.dsse.json")).unwrap();
    swap(
        checkpoint.clone(),
        &|_| other.clone(),
        "the checkpoint of another run",
        &[&format!("SWAPPED  the checkpoint of run {one} is that of run {two}"), "GAP"],
    );
    let unsigned = |text: &str| format!("{}[]}}\n", text.split_once("\"signatures\":").map(|(head, _)| format!("{head}\"signatures\":")).unwrap());
    swap(checkpoint, &unsigned, "a signature that was taken away", &[&format!("UNTRUSTED  run {one}")]);
    // A result, and an object in whose place another one is put that is whole.
    let table = walkdir(&signed.study.path("results/s"))
        .into_iter()
        .find(|path| path.ends_with("samples.csv") || path.extension().is_some_and(|e| e == "csv"))
        .unwrap();
    let text = fs::read_to_string(&table).unwrap();
    fs::remove_file(&table).unwrap();
    fs::write(&table, text.replacen(",a,", ",b,", 1)).unwrap();
    found("a result", &["CHANGED  ", "recorded sha256:", "written by `"]);
    fs::write(&table, &text).unwrap();
    let objects = walkdir(&signed.study.path(".hilum/objects"));
    let [first, second] = [&objects[0], &objects[1]];
    let (kept, put) = (fs::read(first).unwrap(), fs::read(second).unwrap());
    assert_ne!(kept, put);
    fs::remove_file(first).unwrap();
    fs::write(first, put).unwrap();
    found("an object", &["DAMAGED  b3:"]);
    fs::write(first, kept).unwrap();
    // A run that is gone between two others.
    signed.run(3, Some("site"));
    fs::rename(signed.study.path(&format!(".hilum/runs/{two}")), signed.keys.join("run")).unwrap();
    found("a run", &["GAP  before run"]);
    fs::rename(signed.keys.join("run"), signed.study.path(&format!(".hilum/runs/{two}"))).unwrap();
    assert_eq!(signed.verify(&[&trusting]).code, 0);
}

fn walkdir(directory: &std::path::Path) -> Vec<PathBuf> {
    let mut all = vec![];
    for entry in fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() { all.extend(walkdir(&entry)) } else { all.push(entry) }
    }
    all.sort();
    all
}

#[test]
fn a_proof_is_checked_without_the_store() {
    let signed = Signed::new();
    let run = signed.run(1, Some("site"));
    let proof = signed.keys.parent().unwrap().join("auditor");
    fs::create_dir(&proof).unwrap();
    let file = proof.join("proof.json").display().to_string();
    let made = signed.study.hilum(&["prove", "split.train", "-o", &file]);
    assert_eq!(made.code, 0, "{}", made.err);
    fs::rename(signed.study.path(".hilum"), signed.study.path("gone")).unwrap();
    let checked = signed.study.hilum(&["prove", "--check", &file, &signed.trusting("site")]);
    assert!(checked.code == 0 && checked.out.contains(&format!("of run {run}, study s: the receipt of `split`")), "{}{}", checked.out, checked.err);
    assert!(checked.out.contains("which you trust") && checked.out.contains("train sha256:"), "{}", checked.out);
    let other = signed.study.hilum(&["prove", "--check", &file, &signed.trusting("other")]);
    assert_eq!(other.code, 3, "{}", other.out);
    fs::write(&file, fs::read_to_string(&file).unwrap().replace("millis\\\":", "millis\\\":1")).unwrap();
    let altered = signed.study.hilum(&["prove", "--check", &file, &signed.trusting("site")]);
    assert!(altered.code == 3 && altered.out.starts_with("NOT PROVEN"), "{}", altered.out);
    let none = signed.study.hilum(&["prove", "--check", "study.yaml"]);
    assert!(none.code == 2 && none.err.contains("is no proof of hilum"), "{}", none.err);
}

#[test]
fn a_reviewer_signs_with_a_meaning() {
    let signed = Signed::new();
    let run = signed.run(1, Some("site"));
    let without = signed.study.hilum(&["cosign", "--as", "review"]);
    assert!(without.code == 2 && without.err.contains("HILUM_KEY names no key"), "{}", without.err);
    let with = signed.with_key(&signed.key("other"), &["cosign", &run, "--as", "approval"]);
    assert!(with.code == 0 && with.out.contains(&format!("signed run {run} as approval")), "{}{}", with.out, with.err);
    let both = [signed.trusting("site"), signed.trusting("other")];
    let log = signed.study.hilum(&["log", &both[0], &both[1]]);
    assert!(log.out.contains("approval, 2") && log.out.matches("which you trust").count() == 2, "{}", log.out);
    assert_eq!(signed.verify(&[&both[0], &both[1]]).code, 0);
    let nonsense = signed.with_key(&signed.key("other"), &["cosign", &run, "--as", "liked"]);
    assert!(nonsense.code == 2 && nonsense.err.contains("review, approval, witness"), "{}", nonsense.err);
}

#[test]
fn keys_that_lie_with_the_data_or_are_open_to_others_are_refused() {
    let signed = Signed::new();
    signed.run(1, Some("site"));
    let beside = signed.study.path("k").display().to_string();
    fs::copy(signed.key("site"), &beside).unwrap();
    fs::copy(format!("{}.pub", signed.key("site")), format!("{beside}.pub")).unwrap();
    let trusting = signed.verify(&[&format!("--trusted-key={beside}.pub")]);
    assert!(trusting.code == 2 && trusting.err.contains("lies with the data that it should vouch for"), "{}", trusting.err);
    signed.study.write("study.yaml", STUDY.replace("seed: 1", "seed: 9"));
    let signing = signed.with_key(&beside, &["run", "study.yaml"]);
    assert!(signing.code == 2 && signing.err.contains("lies with the data that it would sign"), "{}", signing.err);
    let missing = signed.with_key(&signed.key("nothing"), &["run", "study.yaml"]);
    assert!(missing.code == 1 && missing.err.contains("no such file"), "{}", missing.err);
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(signed.key("site"), fs::Permissions::from_mode(0o644)).unwrap();
    let open = signed.with_key(&signed.key("site"), &["run", "study.yaml"]);
    assert!(open.code == 2 && open.err.contains("is open to other users (mode 644)"), "{}", open.err);
    let again = signed.study.hilum(&["key", "new", &signed.key("other")]);
    assert!(again.code == 2 && again.err.contains("never replaced"), "{}", again.err);
}
