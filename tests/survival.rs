//! Stores and keys that were copied, touched, damaged or contain foreign files; changes during a run.

use crate::space::Space;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// A study of two light stages and one in a worker.
fn study() -> Space {
    let space = Space::new();
    space.write(
        "study.yaml",
        "study: t\nseed: 1\nstages:\n  images: { stage: phantoms, with: { size: 16, classes: { normal: { images: 14 }, covid: { images: 9 } } } }\n  \
         few: { stage: undersample, in: { samples: images } }\n  pixels: { stage: prepare, in: { samples: few }, with: { size: 16 } }\n",
    );
    space
}

/// A study that imports images with a table, and so makes a key.
fn importing() -> Space {
    let space = Space::new();
    let mut stream = hilum_stages::contract::seed::Seed(9).stream("test", "survival");
    for i in 0..4 {
        space.write(&format!("img/{i}.png"), crate::repeatable::picture(&mut stream));
    }
    space.write("t.csv", "who,file,label\na,0.png,x\nb,1.png,y\nc,2.png,x\nd,3.png,y\n");
    space.write(
        "study.yaml",
        "study: t\nseed: 1\nstages:\n  images: { stage: import, with: { images: img, table: t.csv, columns: { patient: who, file: file, label: label } } }\n",
    );
    space
}

fn runs(space: &Space) -> usize {
    let said = space.hilum(&["run", "study.yaml", "--json"]);
    assert_eq!(said.code, 0, "{}", said.err);
    crate::space::done(&said.out).len()
}

/// Copies a directory as `cp -r` does: times, and the rights to write, are new.
fn copy(from: &Path, to: &Path, with_empty: bool) {
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            if with_empty {
                fs::create_dir_all(&target).unwrap();
            }
            copy(&entry.path(), &target, with_empty);
        } else {
            fs::create_dir_all(to).unwrap();
            fs::write(target, fs::read(entry.path()).unwrap()).unwrap();
        }
    }
}

#[test]
fn a_copied_store_is_hashed_once_and_stays_valid() {
    for with_empty in [true, false] {
        let (space, other) = (study(), study());
        assert_eq!(runs(&space), 3);
        fs::remove_file(space.path(".hilum/locks/store")).unwrap();
        copy(&space.path(".hilum"), &other.path(".hilum"), with_empty);
        let plan = other.hilum(&["plan", "study.yaml"]);
        assert!(plan.code == 0 && plan.out.contains("all 3 stages are up to date"), "{}{}", plan.out, plan.err);
        assert!(!other.path(".hilum-private").exists(), "a plan writes nothing");
        std::thread::sleep(std::time::Duration::from_millis(30));
        for _ in 0..2 {
            assert_eq!(runs(&other), 0);
            assert!(other.path(".hilum-private/objects").exists());
        }
        // A changed byte is still found.
        let object = first_object(&other);
        let mut bytes = fs::read(&object).unwrap();
        bytes[0] ^= 1;
        fs::write(&object, bytes).unwrap();
        assert!(runs(&other) > 0);
        let said = other.hilum(&["run", "study.yaml", "--set", "seed=2"]);
        assert_eq!(said.code, 0, "{}", said.err);
    }
}

/// An output of the first stage.
fn first_object(space: &Space) -> std::path::PathBuf {
    let (_, digest) = space.digests().into_iter().find(|(place, _)| place == "images samples").unwrap();
    let hex = digest.trim_start_matches("b3:");
    space.path(&format!(".hilum/objects/{}/{}", &hex[..2], &hex[2..]))
}

#[test]
fn foreign_files_are_ignored() {
    let space = study();
    assert_eq!(runs(&space), 3);
    for directory in ["runs", "objects", "locks", "tmp", "quarantine", "checkpoints"] {
        for name in [".DS_Store", ".nfs000000000a", "Thumbs.db", "desktop.ini"] {
            space.write(&format!(".hilum/{directory}/{name}"), "x");
        }
        fs::create_dir_all(space.path(&format!(".hilum/{directory}/lost+found"))).unwrap();
    }
    space.write(".hilum/objects/ab/.DS_Store", "x");
    space.write("results/t/.DS_Store", "x");
    for verb in [&["plan", "study.yaml"][..], &["run", "study.yaml"], &["ls"], &["verify"], &["gc"], &["why", "study.yaml", "few"], &["report", "-o", "r.html"]]
    {
        let said = space.hilum(verb);
        assert_eq!(said.code, 0, "{verb:?}: {}{}", said.out, said.err);
    }
    assert_eq!(runs(&space), 0);
    assert!(space.path("results/t/.DS_Store").exists());
}

#[test]
fn a_damaged_line_of_a_journal_removes_nothing() {
    for line in [0, 1, 2] {
        let space = study();
        assert_eq!(runs(&space), 3);
        let run = fs::read_dir(space.path(".hilum/runs")).unwrap().next().unwrap().unwrap().path().join("journal.jsonl");
        let mut lines: Vec<Vec<u8>> = fs::read(&run).unwrap().split(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
        lines[line][3] = 0xff;
        fs::write(&run, lines.join(&b'\n')).unwrap();
        let said = space.hilum(&["gc"]);
        assert!(said.code == 0 && said.out.starts_with("removed 0"), "{}{}", said.out, said.err);
        assert!(said.err.contains(&format!("line {} of the journal", line + 1)), "{}", said.err);
    }
}

#[test]
fn what_gc_removed_is_not_missing_until_it_is_made_again() {
    let space = study();
    assert_eq!(runs(&space), 3);
    let freed = first_object(&space);
    assert_eq!(space.hilum(&["run", "study.yaml", "--set", "seed=2"]).code, 0);
    // A pack is not a record, and goes.
    let said = space.hilum(&["gc", "--keep-runs", "1"]);
    assert!(said.out.starts_with("removed ") && !said.out.starts_with("removed 0"), "{}", said.out);
    let verify = space.hilum(&["verify"]);
    assert_eq!(verify.code, 0, "{}{}", verify.out, verify.err);
    assert!(runs(&space) > 0, "what was removed will be recomputed");
    assert_eq!(space.hilum(&["verify"]).code, 0);
    let object = if freed.exists() { freed } else { first_object(&space) };
    fs::remove_file(object).unwrap();
    let verify = space.hilum(&["verify"]);
    assert!(verify.code == 3 && verify.out.to_lowercase().contains("missing"), "{}{}", verify.out, verify.err);
}

#[test]
fn a_clock_that_was_set_back_makes_no_run_old() {
    let space = study();
    assert_eq!(runs(&space), 3);
    let before: Vec<_> = fs::read_dir(space.path(".hilum/runs")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(space.hilum(&["run", "study.yaml", "--set", "seed=2"]).code, 0);
    let newest = fs::read_dir(space.path(".hilum/runs")).unwrap().map(|e| e.unwrap().file_name()).find(|n| !before.contains(n)).unwrap();
    fs::rename(space.path(".hilum/runs").join(newest), space.path(".hilum/runs/2001-01-01-000000-000aaa")).unwrap();
    assert!(space.hilum(&["gc", "--keep-runs", "1"]).out.starts_with("removed "));
    let plan = space.hilum(&["plan", "study.yaml", "--set", "seed=2"]);
    assert!(plan.out.contains("all 3 stages are up to date"), "{}", plan.out);
    assert_eq!(space.hilum(&["report", "-o", "r.html"]).code, 0);
    assert!(space.read("r.html").contains("2001-01-01-000000-000aaa"));
}

#[test]
fn a_damaged_open_or_foreign_key_is_refused_and_kept() {
    let space = importing();
    assert_eq!(runs(&space), 1);
    let key = space.path(".hilum-private/study.key");
    let good = fs::read(&key).unwrap();
    let refused = |why: &str| {
        let bytes = fs::read(&key).unwrap();
        for verb in ["plan", "run"] {
            let said = space.hilum(&[verb, "study.yaml"]);
            assert!(said.code != 0 && said.err.contains(why) && said.err.contains("help: "), "{verb}: {}", said.err);
        }
        assert_eq!(fs::read(&key).unwrap(), bytes, "a key that is refused must stay as it is");
    };
    for damaged in [&good[..31], &[&good[..], b"\n"].concat(), b""] {
        fs::write(&key, damaged).unwrap();
        refused("is damaged");
    }
    fs::write(&key, &good).unwrap();
    assert_eq!(runs(&space), 0);
    for mode in [0o644, 0o660, 0o604] {
        fs::set_permissions(&key, fs::Permissions::from_mode(mode)).unwrap();
        refused("is open to other users");
    }
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    fs::set_permissions(space.path(".hilum-private"), fs::Permissions::from_mode(0o777)).unwrap();
    refused("is open to other users");
    fs::set_permissions(space.path(".hilum-private"), fs::Permissions::from_mode(0o700)).unwrap();
    // A key that came with the study.
    fs::write(&key, [b'K'; 32]).unwrap();
    refused("was not created by this user");
    assert_eq!(space.hilum(&["key", "adopt", "study.yaml"]).code, 0);
    assert_eq!(runs(&space), 1, "one stage must run again, since pseudonyms differ");
    // A link could lead anywhere.
    fs::rename(&key, space.path("elsewhere")).unwrap();
    std::os::unix::fs::symlink(space.path("elsewhere"), &key).unwrap();
    refused("is not a regular file");
}

#[test]
fn runs_at_once_in_a_new_directory_make_one_key_and_lose_no_path() {
    for _ in 0..4 {
        let space = importing();
        for n in 1..4 {
            for i in 0..4 {
                let bytes = fs::read(space.path(&format!("img/{i}.png"))).unwrap();
                let grey = hilum_stages::data::grey::decode(&bytes).unwrap().grey;
                let pixels: Vec<u8> = grey.pixels.iter().map(|v| (v >> 8) as u8 ^ n).collect();
                space.write(&format!("img{n}/{i}.png"), hilum_stages::data::png::encode(&pixels, grey.width, grey.height, &[]).unwrap());
            }
            let pixels = "  pixels: { stage: prepare, in: { samples: images }, with: { size: 16 } }\n";
            space.write(
                &format!("s{n}.yaml"),
                space.read("study.yaml").replace("images: img,", &format!("images: img{n},")).replace("study: t", &format!("study: t{n}")) + pixels,
            );
        }
        let children: Vec<_> = (1..4)
            .map(|n| space.command(&["run", &format!("s{n}.yaml")]).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::piped()).spawn().unwrap())
            .collect();
        for child in children {
            let out = child.wait_with_output().unwrap();
            assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        }
        for n in 1..4 {
            let said = space.hilum(&["run", &format!("s{n}.yaml"), "--force", "pixels", "--json"]);
            assert!(said.code == 0 && crate::space::done(&said.out) == ["pixels"], "{}", said.err);
        }
    }
}

#[test]
fn a_failed_run_writes_the_finished_results_and_says_so() {
    let space = study();
    fs::create_dir(space.path("empty")).unwrap();
    space.edit("  few:", "  none: { stage: import, with: { images: empty } }\n  few:");
    for flags in [&["run", "study.yaml", "--keep-going"][..], &["run", "study.yaml"]] {
        let said = space.hilum(flags);
        assert!(said.code == 1 && said.err.contains("wrote results of ") && said.err.contains(" of 4 stages to "), "{}", said.err);
        assert!(space.path("results/t/images/samples").exists() || space.path("results/t/images/samples.csv").exists());
        assert!(!space.path("results/t/none").exists());
    }
}

#[test]
fn a_results_directory_that_cannot_be_used_is_known_before_anything_runs() {
    let space = study();
    space.write("results/t", "a file");
    let said = space.hilum(&["run", "study.yaml"]);
    assert!(said.code == 2 && said.err.contains("results/t is a file; expected a directory"), "{}", said.err);
    assert_eq!(space.hilum(&["ls"]).out, "");
    // Nothing is written where only a part is run.
    let only = space.hilum(&["run", "study.yaml", "--only", "images"]);
    assert_eq!(only.code, 0, "{}", only.err);
}

#[test]
fn names_that_are_not_utf8_work() {
    let space = importing();
    let inner = space.path("").join(std::ffi::OsStr::from_bytes(b"M\xfcller"));
    copy(&space.path("img"), &inner.join("img/x"), true);
    for (old, new) in [("1.png", &b"lat\xe9in.png"[..]), ("2.png", b"lat\xe8in.png"), ("3.png", b"new\nline.png")] {
        fs::rename(inner.join("img/x").join(old), inner.join("img/x").join(std::ffi::OsStr::from_bytes(new))).unwrap();
    }
    let study = "study: t\nseed: 1\nstages:\n  images: { stage: import, with: { images: img } }\n  pixels: { stage: prepare, in: { samples: images }, with: { size: 16 } }\n";
    fs::write(inner.join("study.yaml"), study).unwrap();
    let out = space.command(&["run", "study.yaml"]).current_dir(&inner).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    assert_eq!(fs::read_to_string(inner.join("results/t/images/samples.csv")).unwrap().lines().count(), 5, "four images");
}

#[test]
fn a_run_continues_with_its_own_program_when_that_is_replaced() {
    let space = study();
    let program = space.path("program");
    fs::copy(env!("CARGO_BIN_EXE_hilum"), &program).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let child = Command::new(&program).args(["run", "study.yaml"]).current_dir(space.path("")).env("XDG_STATE_HOME", space.path(".state")).spawn().unwrap();
    fs::remove_file(&program).unwrap();
    fs::write(&program, "#!/bin/sh\nexit 9\n").unwrap();
    assert!(child.wait_with_output().unwrap().status.success());
}
