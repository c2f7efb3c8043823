//! A store, results and a private directory made hostile, each in a dozen ways: nothing outside is read, written or run, nothing
//! hangs, and it is reported.

use super::importing;
use crate::space::Space;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

/// A file outside, which must be neither changed nor read.
const SECRET: &str = "THE-SECRET-OF-SOMEBODY-ELSE";

/// A way to be hostile: what is done to a study that has run, and what must be said, if anything.
type Way = (&'static str, fn(&Space, &Path), &'static str);

fn fifo(path: &Path) {
    let _ = fs::remove_file(path);
    assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
}

fn link(to: &Path, at: &Path) {
    if at.is_dir() && !at.is_symlink() {
        fs::remove_dir_all(at).unwrap();
    }
    let _ = fs::remove_file(at);
    symlink(to, at).unwrap();
}

fn journal(space: &Space) -> PathBuf {
    fs::read_dir(space.path(".hilum/runs")).unwrap().map(|e| e.unwrap().path().join("journal.jsonl")).find(|p| p.exists()).unwrap()
}

fn object(space: &Space) -> PathBuf {
    let table = fs::read(space.path("results/t/images/samples.csv")).unwrap();
    let hex = hilum_cache::Digest::of(&table).hex();
    space.path(".hilum/objects").join(&hex[..2]).join(&hex[2..])
}

fn edit_journal(space: &Space, from: &str, to: &str) {
    let path = journal(space);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{from}");
    fs::write(path, text.replace(from, to)).unwrap();
}

const STORES: &[Way] = &[
    ("an object that is a link", |s, out| link(&out.join("secret.txt"), &object(s)), ""),
    ("an object that is a pipe", |s, _| fifo(&object(s)), ""),
    (
        "an object that is a directory",
        |s, _| {
            fs::remove_file(object(s)).unwrap();
            fs::create_dir(object(s)).unwrap()
        },
        "",
    ),
    (
        "a shard that is a link",
        |s, out| {
            let shard = object(s).parent().unwrap().to_path_buf();
            link(out, &shard)
        },
        "",
    ),
    ("`objects` that is a link", |s, out| link(out, &s.path(".hilum/objects")), "is a link"),
    ("`runs` that is a link", |s, out| link(out, &s.path(".hilum/runs")), "is a link"),
    ("`tmp` that is a link", |s, out| link(out, &s.path(".hilum/tmp")), "is a link"),
    (
        "`quarantine` that is a link",
        |s, out| {
            fs::write(s.path(".x"), "").unwrap();
            link(out, &s.path(".hilum/quarantine"))
        },
        "is a link",
    ),
    ("a journal that is a link", |s, out| link(&out.join("secret.txt"), &journal(s)), "is a link"),
    ("a journal that is a pipe", |s, _| fifo(&journal(s)), ""),
    ("a journal of one endless line", |s, _| fs::write(journal(s), vec![b'a'; 80 << 20]).unwrap(), "more than 64 MiB"),
    ("a stage called as a path", |s, _| edit_journal(s, "\"stage\":\"images\"", "\"stage\":\"../../../outside/x\""), ""),
    ("a result called as a path", |s, _| edit_journal(s, "\"file\":\"samples.csv\"", "\"file\":\"../../../../outside/x\""), ""),
    ("a note that speaks to terminals", |s, _| edit_journal(s, "\"study\":\"t\"", "\"study\":\"t\\u001b[2J\\u0007\""), ""),
    ("a format that is a pipe", |s, _| fifo(&s.path(".hilum/format")), ""),
];

const RESULTS: &[Way] = &[
    ("results that are a link", |s, out| link(out, &s.path("results/t")), "is a link"),
    ("a stage's directory that is a link", |s, out| link(out, &s.path("results/t/images")), "is a link"),
    ("a result that is a link", |s, out| link(&out.join("secret.txt"), &s.path("results/t/images/samples.csv")), ""),
    ("a result that is a pipe", |s, _| fifo(&s.path("results/t/images/samples.csv")), ""),
    (
        "a directory in the place of a result",
        |s, _| {
            fs::remove_file(s.path("results/t/images/samples.csv")).unwrap();
            s.write("results/t/images/samples.csv/x", "x")
        },
        "",
    ),
    (
        "a link where a result is written",
        |s, out| {
            fs::remove_file(s.path("results/t/images/samples.csv")).unwrap();
            link(&out.join("secret.txt"), &s.path("results/t/images/.new"))
        },
        "",
    ),
    (
        "an old note that names files outside",
        |s, _| s.write("results/t/.laid-out", format!("{}\t4 1 1 1\t../../../outside/secret.txt\n", hilum_cache::Digest::of(SECRET.as_bytes()).hex())),
        "",
    ),
    ("a study that names a table outside", |s, _| s.edit("table: t.csv", "table: ../outside/secret.txt"), "is outside"),
    ("a study that names a table by a link", |s, out| link(&out.join("secret.txt"), &s.path("t.csv")), "is outside"),
    ("a study that extends one outside", |s, _| s.write("study.yaml", "extends: ../outside/secret.txt\nstudy: t\n"), ""),
    ("images that are a link", |s, out| link(out, &s.path("img")), "is outside"),
    ("an image that is a link", |s, out| link(&out.join("secret.txt"), &s.path("img/a.png")), "a link that leads out of the data directory"),
    ("an image that is a pipe", |s, _| fifo(&s.path("img/a.png")), ""),
];

const PRIVATE: &[Way] = &[
    ("a key that came along", |s, _| fs::write(s.path(".hilum-private/study.key"), [7; 32]).unwrap(), "was not created by this user"),
    ("a key that is a link", |s, out| link(&out.join("secret.txt"), &s.path(".hilum-private/study.key")), "not a regular file"),
    ("a key that is a pipe", |s, _| fifo(&s.path(".hilum-private/study.key")), "not a regular file"),
    (
        "a key that others may read",
        |s, _| fs::set_permissions(s.path(".hilum-private/study.key"), fs::Permissions::from_mode(0o644)).unwrap(),
        "open to other users",
    ),
    (
        "a directory that others may write to",
        |s, _| fs::set_permissions(s.path(".hilum-private"), fs::Permissions::from_mode(0o777)).unwrap(),
        "open to other users",
    ),
    ("a key that is cut", |s, _| fs::write(s.path(".hilum-private/study.key"), [7; 9]).unwrap(), "is damaged"),
    ("a memo that is a link", |s, out| link(&out.join("secret.txt"), &s.path(".hilum-private/memo-5")), ""),
    ("a memo that is a pipe", |s, _| fifo(&s.path(".hilum-private/memo-5")), ""),
    ("a map of images that is a link", |s, out| link(&out.join("secret.txt"), &s.path(".hilum-private/images-2")), ""),
    ("a map of images that is a pipe", |s, _| fifo(&s.path(".hilum-private/images-2")), ""),
    ("what was found out about objects, in rubbish", |s, _| fs::write(s.path(".hilum-private/objects"), vec![0xff; 1 << 20]).unwrap(), ""),
    ("a directory of lists that is a link", |s, out| link(out, &s.path(".hilum-private/left-out")), ""),
    (
        "a note of results that names files outside",
        |s, _| {
            for entry in
                fs::read_dir(s.path(".hilum-private")).unwrap().map(Result::unwrap).filter(|e| e.file_name().to_string_lossy().starts_with("laid-out-"))
            {
                fs::write(entry.path(), format!("{}\t4 1 1 1\t../../../outside/secret.txt\n", hilum_cache::Digest::of(SECRET.as_bytes()).hex())).unwrap();
            }
        },
        "",
    ),
];

/// The output of every subcommand that a user may run; none may take long.
fn said(space: &Space) -> Vec<(Vec<&'static str>, i32, String)> {
    let calls: [&[&str]; 9] = [
        &["plan", "study.yaml"],
        &["run", "study.yaml"],
        &["run", "study.yaml", "--force", "images"],
        &["verify"],
        &["ls"],
        &["trace", "images"],
        &["report", "-o", "r.html"],
        &["gc", "--keep-runs", "1"],
        &["run", "study.yaml"],
    ];
    let one = |call: &[&'static str]| {
        let (out, err) = (space.path(".out"), space.path(".err"));
        let mut child =
            space.command(call).stdin(Stdio::null()).stdout(fs::File::create(&out).unwrap()).stderr(fs::File::create(&err).unwrap()).spawn().unwrap();
        let begun = Instant::now();
        let code = loop {
            match child.try_wait().unwrap() {
                Some(status) => break status.code().unwrap_or(-1),
                None if begun.elapsed() > Duration::from_secs(30) => {
                    child.kill().unwrap();
                    child.wait().unwrap();
                    break -2;
                }
                None => std::thread::sleep(Duration::from_millis(2)),
            }
        };
        (call.to_vec(), code, fs::read_to_string(&out).unwrap() + &fs::read_to_string(&err).unwrap())
    };
    calls.into_iter().map(one).collect()
}

fn every_file(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).into_iter().flatten().map(Result::unwrap) {
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            every_file(&entry.path(), out);
        } else if kind.is_file() {
            out.push(entry.path());
        }
    }
}

fn attempt((name, make, expected): &Way) -> Result<(), String> {
    let space = importing("who,file,label\n1,a.png,x\n2,b.png,y\n3,gone.png,y\n");
    assert_eq!(space.hilum(&["run", "study.yaml"]).code, 0);
    // Beside the study, where `..` leads to.
    let holder = tempfile::tempdir().unwrap();
    let outside = holder.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("secret.txt"), SECRET).unwrap();
    let moved = holder.path().join("study");
    assert!(std::process::Command::new("cp").arg("-a").arg(space.path("")).arg(&moved).status().unwrap().success());
    let space = Space::at(moved);
    make(&space, &outside);
    let said = said(&space);
    let all: String = said.iter().map(|(call, code, text)| format!("$ hilum {}: exit {code}\n{text}", call.join(" "))).collect();
    let wrong = |why: &str| Err(format!("{name}: {why}\n{all}"));
    if said.iter().any(|s| !(0..=4).contains(&s.1) || s.2.contains("panicked")) {
        return wrong("it hangs or breaks");
    }
    let there: Vec<_> = fs::read_dir(&outside).unwrap().map(|e| e.unwrap().file_name()).collect();
    if there != ["secret.txt"] || fs::read_to_string(outside.join("secret.txt")).unwrap() != SECRET || fs::read_dir(holder.path()).unwrap().count() != 2 {
        return wrong("something outside was written");
    }
    let mut files = vec![];
    every_file(&space.path(""), &mut files);
    let leaked = files.iter().find(|f| fs::read(f).is_ok_and(|b| String::from_utf8_lossy(&b).contains(SECRET)));
    if leaked.is_some() || all.contains(SECRET) {
        return wrong(&format!("something outside was read: {leaked:?}"));
    }
    if all.contains(['\u{1b}', '\u{7}']) {
        return wrong("a terminal is given orders");
    }
    if !all.contains(expected) {
        return wrong(&format!("`{expected}` is not said"));
    }
    Ok(())
}

fn all_hold(ways: &[Way]) {
    let wrong: Vec<String> = ways.iter().filter_map(|w| attempt(w).err()).collect();
    println!("{} ways, {} held", ways.len(), ways.len() - wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn a_hostile_store_reaches_nothing_outside() {
    all_hold(STORES);
}

#[test]
fn hostile_results_and_studies_reach_nothing_outside() {
    all_hold(RESULTS);
}

#[test]
fn a_hostile_private_dir_reaches_nothing_outside() {
    all_hold(PRIVATE);
}
