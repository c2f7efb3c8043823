//! A store that was written before names changed (format 1, in `tests/old-store`) is read, and nothing in it is lost.

use crate::space::{Space, root};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

/// Copies a store and gives its objects the date and mode that a checkout took from them.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
            continue;
        }
        fs::copy(entry.path(), &target).unwrap();
        if target.components().any(|c| c.as_os_str() == "objects") {
            let file = fs::File::options().write(true).open(&target).unwrap();
            file.set_modified(UNIX_EPOCH + Duration::from_secs(1)).unwrap();
            fs::set_permissions(&target, fs::Permissions::from_mode(0o444)).unwrap();
        }
    }
}

fn old() -> Space {
    let space = Space::new();
    copy(&root().join("tests/old-store"), &space.path(".hilum"));
    for directory in ["tmp", "quarantine"] {
        fs::create_dir_all(space.path(&format!(".hilum/{directory}"))).unwrap();
    }
    space
}

#[test]
fn it_is_read_by_every_command() {
    let space = old();
    let verify = space.hilum(&["verify"]);
    assert_eq!(verify.code, 0, "{}{}", verify.out, verify.err);
    assert!(space.hilum(&["ls"]).out.contains("executed 6"));
    assert!(space.hilum(&["trace", "scores"]).out.contains("└─ classifier (train-classifier)"));
    assert_eq!(space.hilum(&["report"]).code, 0);
    let page = space.read("report.html");
    for part in ["gan", "during training", "classifier", "scores", "not recorded: the study as it is written, or at one of its scales"] {
        assert!(page.contains(part), "the report has no {part}");
    }
    assert_eq!(space.read(".hilum/format").trim(), "hilum-store 1", "reading changes nothing");
}

#[test]
fn a_run_raises_its_number_and_keeps_all_that_is_in_it() {
    let space = old();
    let objects = || hilum_cache::Store::open(&space.path(".hilum")).unwrap().objects().unwrap();
    let before = objects();
    space.write("study.yaml", "study: new\nseed: 1\nstages:\n  images: { stage: phantoms, with: { size: 16, classes: { a: { images: 2 } } } }\n");
    assert_eq!(space.executed(), ["images"]);
    assert_eq!(space.read(".hilum/format").trim(), "hilum-store 2");
    let gc = space.hilum(&["gc"]);
    assert!(gc.out.starts_with("removed 0"), "{}", gc.out);
    let after = objects();
    assert!(before.iter().all(|o| after.contains(o)), "an object of the old store is gone");
    assert_eq!(space.hilum(&["verify"]).code, 0);
}

#[test]
fn old_names_in_a_study_are_reported_with_the_new_ones() {
    let space = Space::tiny();
    space.edit("normal: { images: 48 }", "normal: { films: 48 }");
    space.edit("by: patient", "by: film");
    let said = space.hilum(&["check", "study.yaml"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("`films` is called `images` now") && said.err.contains("`film` is called `image` now"), "{}", said.err);
    let now = |before: &str, after: &str, name: &str| {
        let space = Space::tiny();
        space.edit(before, after);
        let said = space.hilum(&["check", "study.yaml"]);
        assert!(said.code == 2 && said.err.contains(name), "{after}: {}", said.err);
    };
    let network = "network: { dcgan: { size: 32, width: 8, latent: 16 } }";
    let epochs = "      epochs: 2\n";
    for (before, after, name) in [
        ("with: { size: 32 }", "with: { size: 32, stretch: true }", "`stretch` is called `contrast_stretch` now"),
        ("with: { count: 24 }", "with: { count: 24, stretch: true }", "`stretch` is called `contrast_stretch` now"),
        (network, "network: { stylegan2: { average: 5 } }", "`average` is called `ema_kimg` now"),
        (network, "network: { cyclegan: { from: normal, to: covid, average: 0.9 } }", "`average` is called `ema_decay` now"),
        (epochs, "      epochs: 2\n      plateau: { least: 0.1 }\n", "`least` is called `min_lr` now"),
        (epochs, "      epochs: 2\n      schedule: { cosine: { least: 0.1 } }\n", "`least` is called `eta_min_factor` now"),
        (epochs, "      epochs: 2\n      schedule: { one-cycle: { rise: 0.1 } }\n", "`rise` is called `pct_start` now"),
        ("    stage: umap\n", "    stage: umap\n    with: { most: 9 }\n", "`most` is called `max_per_label` now"),
    ] {
        now(before, after, name);
    }
}
