//! What shells and packagers ask for: completions that know what there is, and manual pages. And what maintainers ask for: the log.

use crate::space::{Said, Space, said};
use serde_json::Value;

/// What a shell is offered for the last of these words.
fn offered(space: &Space, words: &[&str]) -> Vec<String> {
    let mut command = space.command(&[&["--", "hilum"][..], words].concat());
    command.env("COMPLETE", "bash").env("_CLAP_COMPLETE_INDEX", words.len().to_string()).env("_CLAP_IFS", "\n");
    let Said { code, out, err } = said(command.output().unwrap());
    assert!(code == 0 && err.is_empty(), "{words:?}: {err}");
    out.lines().map(str::to_owned).collect()
}

#[test]
fn shells_are_offered_what_there_is() {
    let space = Space::tiny();
    space.executed();
    space.write("notes.txt", "no study");
    let has = |words: &[&str], wanted: &str| {
        let all = offered(&space, words);
        assert!(all.iter().any(|w| w == wanted), "{words:?}: {all:?}");
        all
    };
    assert_eq!(has(&["run", "st"], "study.yaml"), ["study.yaml"]);
    assert!(!has(&["check", ""], "study.yaml").contains(&"notes.txt".to_owned()));
    has(&["run", "study.yaml", "--only", ""], "classifier");
    has(&["run", "study.yaml", "--force", "classifier/"], "classifier/arm=real/repeat=0");
    // The only study of the directory is meant.
    has(&["run", "--only", ""], "comparison");
    assert_eq!(has(&["stages", "under"], "undersample"), ["undersample"]);
    has(&["explain", "E01"], "E0104");
    has(&["explain", "leak"], "leakage.duplicate");
    let runs: Value = serde_json::from_str(&space.hilum(&["ls", "--json"]).out).unwrap();
    let run = runs["runs"][0]["run"].as_str().unwrap();
    for words in [&["show", ""][..], &["report", ""], &["diff", ""], &["diff", run, ""], &["show", "--store", ".hilum", ""]] {
        has(words, run);
    }
    // A study with a fault offers nothing, and says nothing.
    space.write("broken.yaml", "study: [");
    assert!(offered(&space, &["run", "broken.yaml", "--only", "cl"]).is_empty());
}

#[test]
fn every_shell_has_a_script() {
    let space = Space::new();
    for (shell, words) in [("bash", "complete -o"), ("zsh", "#compdef hilum"), ("fish", "complete --keep-order")] {
        let script = space.hilum(&["completions", shell]);
        assert!(script.code == 0 && script.out.contains(words) && script.out.contains("COMPLETE"), "{shell}: {}", script.out);
    }
}

#[test]
fn every_verb_has_a_manual_page() {
    let space = Space::new();
    assert_eq!(space.hilum(&["man", "man1"]).code, 0);
    assert!(space.read("man1/hilum.1").contains("chest X\\-rays"));
    let run = space.read("man1/hilum-run.1");
    assert!(run.contains("\\-\\-keep\\-going") && run.contains("Continue with stages that do not depend on a failed one"), "{run}");
    let pages = std::fs::read_dir(space.path("man1")).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect::<Vec<_>>();
    for verb in
        ["check", "plan", "power", "why", "graph", "ls", "show", "diff", "trace", "image", "verify", "gc", "report", "export", "key-adopt", "stages", "doctor"]
    {
        assert!(pages.contains(&format!("hilum-{verb}.1")), "{verb}: {pages:?}");
    }
    assert!(pages.iter().all(|p| !p.contains("worker") && !p.contains("help")), "{pages:?}");
}

#[test]
fn the_log_lists_decisions_launches_locks_and_stores() {
    let space = Space::tiny();
    let run = |log: Option<&str>| {
        let mut command = space.command(&["run", "study.yaml"]);
        if let Some(filter) = log {
            command.env("HILUM_LOG", filter);
        }
        said(command.output().unwrap())
    };
    let loud = run(Some("debug"));
    assert_eq!(loud.code, 0, "{}", loud.err);
    for words in
        ["decided: execute", "decided: undecided", "took the lock of the key", "launching", "stored", "receipt written", "shares the store", "reads the store"]
    {
        assert!(loud.err.contains(words), "{words}: {}", loud.err);
    }
    assert!(
        !space.path(".hilum/runs").read_dir().unwrap().any(|r| r.unwrap().path().join("stderr").exists()),
        "workers must not log, so that a run has no file `stderr`"
    );
    let stored = loud.err.lines().filter(|l| l.contains(" stored ") && l.contains("comparison")).count();
    assert_eq!(stored, 6, "`comparison` has six outputs, each of which is stored once: {}", loud.err);
    assert!(run(Some("debug")).err.contains("decided: reuse"));
    assert!(!run(None).err.contains("decided: "));
}
