//! The output of a plan and a run: groups of cells, reasons, times, failures and interruptions.

use crate::resume::{kept, signal, until};
use crate::space::{Space, done, said};
use serde_json::Value;
use std::process::Stdio;
use std::time::{Duration, Instant};

fn plan(space: &Space) -> String {
    let said = space.hilum(&["plan", "study.yaml"]);
    assert_eq!(said.code, 0, "{}", said.err);
    said.out
}

#[test]
fn cells_with_like_reasons_are_one_line_with_totals_and_a_time() {
    let space = Space::tiny();
    let fresh = plan(&space);
    assert!(fresh.contains("classifier   4 of 4 cells are pending (wait for `training-set`)"), "{fresh}");
    assert!(fresh.contains("\n18 stages: 1 will run, 17 pending\nestimated time: unknown (none of these stages has run before)"), "{fresh}");
    let run = space.hilum(&["run", "study.yaml"]);
    assert!(run.code == 0 && run.err.contains("\n18 stages: 1 will run, 17 pending\n") && run.err.contains("\n18 stages ran\n"), "{}", run.err);
    assert_eq!(plan(&space), "nothing to do: all 18 stages are up to date\n");

    space.edit("epochs: 2", "epochs: 3");
    let edited = plan(&space);
    let lines: Vec<&str> = edited.lines().collect();
    assert!(lines[0].starts_with("classifier   4 of 4 cells will run: epochs 2 → 3 (study.yaml:56), about "), "{edited}");
    assert!(lines[1].starts_with("scores   4 of 4 cells are pending (wait for `classifier`), about "), "{edited}");
    assert!(lines[2].starts_with("comparison   pending (waits for 4 cells of `scores`), about "), "{edited}");
    assert_eq!(lines[4], "18 stages: 8 up to date, 4 will run, 6 pending");
    assert!(lines[5].starts_with("estimated time: ") && lines[5].ends_with(" for what is pending (the sum of stage times)"), "{edited}");
    let run = space.hilum(&["run", "study.yaml", "--only", "classifier"]);
    assert!(run.err.contains("\nclassifier   4 of 4 cells will run: epochs 2 → 3 (study.yaml:56), about "), "{}", run.err);

    // A cell that never ran takes what the others took.
    space.edit("repeat: [0, 1]", "repeat: [0, 1, 2]");
    let json: Value = serde_json::from_str(&space.hilum(&["plan", "study.yaml", "--json"]).out).unwrap();
    let groups = json["groups"].as_array().unwrap();
    let new = groups.iter().find(|g| g["stage"] == "classifier" && g["status"] == "will-run").unwrap();
    assert_eq!(new["cells"], serde_json::json!(["classifier/arm=real/repeat=2", "classifier/arm=real+synthetic/repeat=2"]));
    assert_eq!((new["of"].as_u64(), new["reasons"][0].as_str()), (Some(6), Some("not cached")));
    assert!(new["millis"].as_u64().unwrap() > 0 && json["estimate"]["unknown"] == 0, "{}", json["estimate"]);
    let totals = &json["totals"];
    let parts = ["up_to_date", "will_run", "pending", "shared", "failed", "skipped"].map(|part| totals[part].as_u64().unwrap());
    assert_eq!(totals["stages"].as_u64().unwrap(), parts.iter().sum::<u64>());
    assert!(plan(&space).contains("classifier/repeat=2   2 of 6 cells will run: not cached, about "));
}

#[test]
fn a_training_of_twice_the_steps_is_expected_to_take_twice_the_time() {
    let space = Space::tiny();
    assert_eq!(space.hilum(&["run", "study.yaml", "--only", "generator"]).code, 0);
    let run = space.hilum(&["ls", "--json"]);
    let run = serde_json::from_str::<Value>(&run.out).unwrap()["runs"][0]["run"].as_str().unwrap().to_owned();
    let shown: Value = serde_json::from_str(&space.hilum(&["show", &run, "--json"]).out).unwrap();
    let took =
        shown["journal"].as_array().unwrap().iter().map(|line| &line["receipt"]).find(|r| r["stage"] == "generator").unwrap()["millis"].as_u64().unwrap();
    for (steps, expected) in [("20", 0), ("40", 2 * took), ("60", 3 * took)] {
        let json: Value =
            serde_json::from_str(&space.hilum(&["plan", "study.yaml", "--json", "--set", &format!("stages.generator.with.steps={steps}")]).out).unwrap();
        let group = json["groups"].as_array().unwrap().iter().find(|g| g["stage"] == "generator").unwrap();
        assert_eq!(group["millis"].as_u64().unwrap_or(0), expected, "{group}");
    }
}

#[test]
fn a_changed_table_is_no_change_of_pixels() {
    let space = Space::tiny();
    space.executed();
    space.edit("train: 0.7, test: 0.3", "train: 0.5, test: 0.5");
    assert_eq!(space.hilum(&["run", "study.yaml", "--only", "training-set/arm=real"]).code, 0);
    let shown = plan(&space);
    assert!(shown.contains("balanced   will run: input samples changed (from split.train), about "), "{shown}");
    assert!(shown.contains("classifier/arm=real   2 of 4 cells will run: input samples changed (from training-set), about "), "{shown}");
    assert!(!shown.contains("images changed"), "{shown}");
    let why = space.hilum(&["why", "study.yaml", "classifier/arm=real/repeat=0"]).out;
    assert!(
        why.contains("classifier/arm=real/repeat=0   will run: input samples changed (from training-set/arm=real)\n  training-set/arm=real   up to date: "),
        "{why}"
    );
    space.executed();
    space.edit("    in: { samples: images }\n    with: { size: 32 }", "    in: { samples: images }\n    with: { size: 32, contrast_stretch: true }");
    assert_eq!(space.hilum(&["run", "study.yaml", "--only", "pixels"]).code, 0);
    let shown = plan(&space);
    assert!(shown.contains("classifier/arm=real   2 of 4 cells will run: input images changed (from pixels), about "), "{shown}");
    assert!(shown.contains("generator   will run: input images changed (from pixels), about "), "{shown}");
}

#[test]
fn numbers_are_shown_as_they_are_written() {
    let space = Space::tiny();
    space.executed();
    space.edit("contrast: 1.5", "contrast: 1.0");
    assert!(plan(&space).starts_with("images   will run: contrast 1.5 → 1.0 (study.yaml:"), "{}", plan(&space));
    space.edit("contrast: 1.0", "contrast: 2");
    assert!(plan(&space).starts_with("images   will run: contrast 1.5 → 2 (study.yaml:"), "{}", plan(&space));
}

#[test]
fn why_takes_the_name_of_a_matrix_and_says_which_run_made_what_is_up_to_date() {
    let space = Space::tiny();
    space.executed();
    let run = std::fs::read_dir(space.path(".hilum/runs")).unwrap().next().unwrap().unwrap().file_name().into_string().unwrap();
    let why = space.hilum(&["why", "study.yaml", "classifier"]).out;
    assert!(why.starts_with(&format!("classifier   4 of 4 cells are up to date: from run {run} on 2")), "{why}");
    assert!(why.ends_with(" UTC; nothing that affects them has changed\n") && why.lines().count() == 1, "{why}");
    space.edit("epochs: 2", "epochs: 3");
    let why = space.hilum(&["why", "study.yaml", "scores"]).out;
    let expected = "scores   4 of 4 cells are pending (wait for `classifier`)\n  classifier   4 of 4 cells will run: epochs 2 → 3 (study.yaml:56)\n";
    assert_eq!(why, expected);
}

#[test]
fn the_command_that_runs_a_failed_cell_alone_is_printed_once_and_works() {
    let space = Space::new();
    let gan = "{ network: { dcgan: { size: 32, width: 2, latent: 4 } }, label: covid, steps: 20, batch: 4, optimiser: { learning_rate: $rate.of } }";
    let images = "{ stage: phantoms, with: { size: 32, classes: { normal: { images: 8 }, covid: { images: 8 } } } }";
    space.write(
        "my study.yaml",
        format!(
            "study: failing\nseed: 1\nvars: {{ low: {{ of: 1e-4 }}, absurd: {{ of: 1e38 }}, high: {{ of: 1e-3 }} }}\nstages:\n  images: {images}\n  pixels: {{ stage: prepare, in: {{ samples: images }}, with: {{ size: 32 }} }}\n  \
             gan:\n    stage: train-gan\n    matrix: {{ rate: [low, absurd, high] }}\n    in: {{ samples: images, images: pixels }}\n    with: {gan}\n"
        ),
    );
    let run = space.hilum(&["run", "my study.yaml", "--keep-going", "--set", "seed=2", "--store", "a store"]);
    assert_eq!(run.code, 1, "{}", run.err);
    assert!(run.err.contains("error: `gan/rate=absurd`: "), "{}", run.err);
    let expected = "hilum run 'my study.yaml' --only 'gan/rate=absurd' --set 'seed=2' --store 'a store'";
    let printed: Vec<&str> = run.err.lines().map(str::trim).filter(|l| l.starts_with("hilum run ")).collect();
    assert_eq!(printed, [expected], "{}", run.err);

    let program = std::path::Path::new(env!("CARGO_BIN_EXE_hilum"));
    let path = format!("{}:{}", program.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", &format!("{} --json", printed[0])]).current_dir(space.path("")).env("PATH", path).env("XDG_STATE_HOME", space.path(".state"));
    let alone = said(shell.output().unwrap());
    assert_eq!((alone.code, done(&alone.out)), (1, vec![]), "nothing else is executed: {}{}", alone.out, alone.err);
    assert!(alone.out.contains("\"stage\":\"gan/rate=absurd\"") && !alone.out.contains("gan/rate=low"), "{}", alone.out);
    assert!(!alone.err.contains("hilum run"), "{}", alone.err);
}

#[test]
fn a_study_that_needs_more_disk_than_is_free_gives_a_warning_but_runs() {
    let space = Space::new();
    std::fs::create_dir(space.path("empty")).unwrap();
    let images = |images: u64| {
        let classes: Vec<String> = (0..40).map(|n| format!("c{n}: {{ images: {images} }}")).collect();
        format!(
            "study: large\nseed: 1\nstages:\n  none: {{ stage: import, with: {{ images: empty, exclude: [masks/] }} }}\n  \
             few: {{ stage: prepare, in: {{ samples: none }}, with: {{ size: 32 }} }}\n  \
             images: {{ stage: phantoms, with: {{ size: 32, classes: {{ {} }} }} }}\n  \
             pixels:\n    stage: prepare\n    matrix: {{ bits: [8, 9, 10, 11, 12, 13, 14, 15, 16] }}\n    in: {{ samples: images }}\n    with: {{ size: 2048, bits: $bits }}\n",
            classes.join(", ")
        )
    };
    // A hundred terabytes of pixels.
    space.write("study.yaml", images(75_000));
    let plan = space.hilum(&["plan", "study.yaml"]);
    let expected = "warning: the store needs about 103.0 TiB, but only ";
    assert!(plan.code == 0 && plan.err.contains(expected) && plan.err.contains(" are free at `./.hilum`; the size of 1 stage more is unknown"), "{}", plan.err);
    let json: Value = serde_json::from_str(&space.hilum(&["plan", "study.yaml", "--json"]).out).unwrap();
    // Pixels, and files of phantoms; how many images an import with a choice keeps is unknown.
    let needed = 3_000_000 * (9 * 2048 * 2048 + 32 * 32 + 512);
    assert_eq!((json["disk"]["needed_bytes"].as_u64(), json["disk"]["unknown"].clone()), (Some(needed), serde_json::json!(["few"])));
    // The run says so, too, and begins; the first stage has nothing to import.
    let run = space.hilum(&["run", "study.yaml", "--jobs", "1"]);
    assert!(run.code == 1 && run.err.find(expected).unwrap() < run.err.find("error: `none`").unwrap(), "{}", run.err);
    space.write("study.yaml", images(1));
    assert!(!space.hilum(&["plan", "study.yaml"]).err.contains("the store needs"));
}

#[test]
fn ctrl_c_says_where_each_training_stopped_and_how_to_go_on() {
    let space = Space::tiny();
    space.edit("steps: 20", "steps: 20000");
    let mut run = space.command(&["run", "study.yaml", "--only", "generator", "--checkpoint-every", "0"]).stderr(Stdio::piped()).spawn().unwrap();
    let began = Instant::now();
    while kept(&space).is_empty() {
        assert!(began.elapsed() < Duration::from_secs(120) && run.try_wait().unwrap().is_none(), "no checkpoint was written");
        std::thread::sleep(Duration::from_millis(20));
    }
    signal(run.id(), "INT");
    let run = said(run.wait_with_output().unwrap());
    assert_eq!(run.code, 130, "{}", run.err);
    let told: Vec<&str> = run.err.lines().filter(|l| l.starts_with("interrupted: ")).collect();
    let step = told[0].strip_prefix("interrupted: generator stopped after step ").and_then(|rest| rest.split(' ').next()).unwrap();
    assert_eq!(told, [format!("interrupted: generator stopped after step {step} of 20000; run the same command again to resume from there")], "{}", run.err);
    let shown = plan(&space);
    assert!(shown.contains(&format!("; resumes after step {step}")), "{shown}");

    // For programs, too.
    let mut under = until(&space, &["--checkpoint-every", "3600"], "generator", step.parse::<u64>().unwrap() + 2);
    signal(under.run.id(), "INT");
    let events: Vec<Value> = under.events.map_while(Result::ok).map(|l| serde_json::from_str(&l).unwrap()).collect();
    under.run.wait().unwrap();
    let told = events.iter().find(|e| e["event"] == "interrupted").unwrap();
    assert_eq!((told["stage"].as_str(), told["total"].as_u64()), (Some("generator"), Some(20000)), "{told}");
    assert!(told["checkpoint"].as_u64() >= told["done"].as_u64() && told["checkpoint"].as_u64() > step.parse().ok(), "{told}");
}

#[test]
fn a_terminal_that_only_appends_gets_plain_lines() {
    // Whatever is no terminal does, as here; what a terminal shows is tested where it is laid out.
    let space = Space::tiny();
    let run = said(space.command(&["run", "study.yaml", "--only", "split"]).env("TERM", "dumb").output().unwrap());
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(!run.err.contains('\u{1b}') && !run.err.contains('\r'), "{:?}", run.err);
    assert!(run.err.contains("images   started: not cached\n") && run.err.contains("split   finished, took "), "{}", run.err);
}
