//! Whatever comes in, broken in random ways: no panic, no hang, no gigabyte, nothing written elsewhere.
//!
//! Seeded: a failure names its number, and `HILUM_FUZZ_FROM=N HILUM_FUZZ=1 HILUM_FUZZ_SHOW=1` tries it alone and prints what was
//! said. `HILUM_FUZZ=10000` sets the number of tries.

use crate::space::Space;
use hilum_cache::{Digest, Sha256};
use hilum_stages::contract::seed::{Seed, Stream};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Address space of a run; what it takes of memory is less.
const MOST_KIB: u64 = 1 << 20;
/// A run of this study takes a fraction of a second.
const LONGEST: Duration = Duration::from_secs(60);

const STUDY: &str = r#"study: f
seed: 1
vars: &v { steps: 1 }
stages:
  images: { stage: import, with: { images: img, table: t.csv, columns: { patient: who, file: file, label: { column: label, separator: "|", several: any } }, only: { view: { not: [L] } }, labels: { "x*": x, y: y } } }
  pixels: { stage: prepare, in: { samples: images }, with: { size: 32, fit: pad } }
  parts: { stage: split, in: { samples: images }, with: { by: patient, train: 0.6, test: 0.4 } }
  net: { stage: train-classifier, matrix: { arm: [a, b] }, in: { samples: parts.train, images: pixels }, with: { network: { smallcnn64: { width: 1 } }, steps: 1, batch: 4 } }
  scores: { stage: evaluate, in: { weights: net, samples: parts.test, images: pixels }, with: { resamples: 100 } }
"#;

/// A study that has run, copied for each try.
struct Seedling {
    space: Space,
    objects: Vec<PathBuf>,
    journal: PathBuf,
}

fn jpeg(pixels: &[u8], side: u32) -> Vec<u8> {
    let mut out = vec![];
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut out, 80).encode(pixels, side, side, image::ExtendedColorType::L8).unwrap();
    out
}

fn grow() -> Seedling {
    let space = Space::new();
    space.write("study.yaml", STUDY);
    let mut table = "who,file,label,view\n".to_owned();
    let mut stream = Seed(5).stream("test", "fuzz");
    for i in 0..16 {
        let png = crate::repeatable::picture(&mut stream);
        let name = if i % 2 == 0 { format!("{i}.png") } else { format!("{i}.jpg") };
        let bytes = if i % 2 == 0 { png } else { jpeg(&(0..48 * 48).map(|p| (p * (i + 3) / 7 % 256) as u8).collect::<Vec<_>>(), 48) };
        space.write(&format!("img/{name}"), bytes);
        table += &format!("P{},{name},{},PA\n", i / 2, ["x|x1", "y"][i / 2 % 2]);
    }
    space.write("t.csv", table);
    let said = space.hilum(&["run", "study.yaml", "--device", "cpu"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let files = |dir: &str| -> Vec<PathBuf> {
        let mut all: Vec<PathBuf> = walk(&space.path(dir)).into_iter().filter(|p| p.is_file()).collect();
        all.sort();
        all
    };
    let objects = files(".hilum/objects");
    let journal = files(".hilum/runs").into_iter().find(|p| p.ends_with("journal.jsonl")).unwrap();
    Seedling { space, objects, journal }
}

fn walk(dir: &Path) -> Vec<PathBuf> {
    let mut out = vec![];
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            out.extend(walk(&entry.path()));
        }
        out.push(entry.path());
    }
    out
}

/// Breaks bytes in one to four ways.
fn mutated(bytes: &[u8], draws: &mut Stream) -> Vec<u8> {
    const WORDS: &[&[u8]] = &[
        b"\0",
        b"\xff\xff\xff\xff",
        b"\x7f\xff\xff\xff",
        b"-1",
        b"1e999",
        b"NaN",
        b"\"",
        b"'",
        b"{",
        b"[[[[[[[[[[[[[[[[",
        b"../../../etc/passwd",
        b"\xef\xbb\xbf",
        b"\xed\xa0\x80",
        b"\x1b[2J",
        b"&v",
        b"*v",
        b"<<: *v",
        b"!!binary",
        b"18446744073709551616",
        b"\r\n",
        b",,,,,",
        b"|",
        b"extends: study.yaml\n",
        b"matrix",
        b"99999999",
    ];
    let mut out = bytes.to_vec();
    for _ in 0..1 + draws.below(4) * draws.below(2) {
        if out.is_empty() {
            out.push(0);
        }
        let at = draws.below(out.len());
        let length = 1 + draws.below(64.min(out.len() - at));
        match draws.below(8) {
            0 => out[at] ^= 1 << draws.below(8),
            1 => out[at] = draws.below(256) as u8,
            2 => out.truncate(at),
            3 => drop(out.drain(at..at + length)),
            4 => out[at..at + length].fill(0),
            5 => {
                let copy = out[at..at + length].to_vec();
                let to = draws.below(out.len());
                out.splice(to..to, copy);
            }
            6 => {
                let word = WORDS[draws.below(WORDS.len())];
                out.splice(at..at, word.iter().copied());
            }
            _ => {
                let word = WORDS[draws.below(WORDS.len())];
                let end = (at + word.len()).min(out.len());
                out.splice(at..end, word.iter().copied());
            }
        }
    }
    out
}

/// Puts a broken object into the store in the place of a whole one, under the name that its bytes have, and lets every record name it.
fn replace_object(from: &Seedling, space: &Space, draws: &mut Stream, wanted: &dyn Fn(&[u8]) -> bool) {
    let of: Vec<&PathBuf> = from.objects.iter().filter(|o| wanted(&fs::read(o).unwrap())).collect();
    let object = of[draws.below(of.len())];
    let before = fs::read(object).unwrap();
    let after = mutated(&before, draws);
    rename(space, &before, &after);
}

fn rename(space: &Space, before: &[u8], after: &[u8]) {
    let (old, new) = (Digest::of(before), Digest::of(after));
    if old == new {
        return;
    }
    let place = |d: &Digest| space.path(".hilum/objects").join(&d.hex()[..2]).join(&d.hex()[2..]);
    let _ = fs::remove_file(place(&old));
    fs::create_dir_all(place(&new).parent().unwrap()).unwrap();
    fs::write(place(&new), after).unwrap();
    let changed = |text: Vec<u8>| -> Vec<u8> {
        let text = String::from_utf8_lossy(&text).replace(&old.hex(), &new.hex()).replace(&Sha256::of(before).hex(), &Sha256::of(after).hex());
        text.replace(&format!("\"bytes\":{}", before.len()), &format!("\"bytes\":{}", after.len())).into_bytes()
    };
    for journal in walk(&space.path(".hilum/runs")).into_iter().filter(|p| p.ends_with("journal.jsonl")) {
        let text = fs::read(&journal).unwrap();
        fs::write(&journal, changed(text)).unwrap();
    }
    // Documents that list it have other bytes now, and another name.
    for object in walk(&space.path(".hilum/objects")).into_iter().filter(|p| p.is_file()) {
        let bytes = fs::read(&object).unwrap();
        if bytes.len() < 1 << 20 && String::from_utf8_lossy(&bytes).contains(&old.hex()) {
            let listed = changed(bytes.clone());
            rename(space, &bytes, &listed);
        }
    }
}

/// How often what was broken, which verb was called, and with which code it ended.
type Ends = BTreeMap<(String, String, i32), usize>;

/// One try: what is broken, and what is called then.
fn attempt(from: &Seedling, number: u64, ends: &mut Ends) -> Result<(), String> {
    let mut draws = Seed(number).stream("test", "fuzz");
    let holder = tempfile::tempdir().unwrap();
    let outside = holder.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("mine.txt"), "mine").unwrap();
    let inside = holder.path().join("study");
    copy(from.space.path("").as_path(), &inside);
    let space = Space::at(inside);
    let file = |name: &str, draws: &mut Stream| {
        let broken = mutated(&fs::read(space.path(name)).unwrap(), draws);
        fs::remove_file(space.path(name)).unwrap();
        space.write(name, broken);
    };
    let run = &["run", "study.yaml", "--device", "cpu"][..];
    let (what, calls): (&str, Vec<&[&str]>) = match draws.below(9) {
        0 => {
            file("t.csv", &mut draws);
            ("table", vec![&["run", "study.yaml", "--device", "cpu", "--only", "parts"]])
        }
        1 | 2 => {
            let image = draws.below(16);
            file(&format!("img/{image}.{}", if image.is_multiple_of(2) { "png" } else { "jpg" }), &mut draws);
            ("image", vec![&["run", "study.yaml", "--device", "cpu", "--only", "pixels"]])
        }
        3 | 4 => {
            file("study.yaml", &mut draws);
            ("study", vec![&["check", "study.yaml"], &["plan", "study.yaml", "--device", "cpu"]])
        }
        5 => {
            let name = from.journal.strip_prefix(from.space.path("")).unwrap().to_str().unwrap().to_owned();
            file(&name, &mut draws);
            ("journal", vec![&["plan", "study.yaml", "--device", "cpu"], &["verify"], &["ls"], &["report", "-o", "r.html"], &["gc"]])
        }
        6 => {
            replace_object(from, &space, &mut draws, &|b| b.starts_with(b"{\"files\"") || b.starts_with(b"{\"v\""));
            ("document", vec![run, &["verify"], &["report", "-o", "r.html"]])
        }
        7 => {
            replace_object(from, &space, &mut draws, &|b| b.len() > 16 && b[8] == b'{');
            ("safetensors", vec![&["run", "study.yaml", "--device", "cpu", "--force", "scores"]])
        }
        _ => {
            replace_object(from, &space, &mut draws, &|b| b.len() < 1 << 16);
            ("object", vec![run, &["trace", "images"], &["report", "-o", "r.html"], &["gc", "--keep-runs", "1"]])
        }
    };
    for call in calls {
        let code = judge(&space, call).map_err(|why| format!("{number}: {what}, `hilum {}`: {why}", call.join(" ")))?;
        *ends.entry((what.to_owned(), call[0].to_owned(), code)).or_default() += 1;
    }
    let names: Vec<_> = walk(holder.path()).into_iter().filter(|p| !p.starts_with(holder.path().join("study"))).collect();
    if names.len() != 2 || fs::read(outside.join("mine.txt")).unwrap() != b"mine" {
        return Err(format!("{number}: {what}: something outside was written: {names:?}"));
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) {
    let status = Command::new("cp").arg("-r").arg(from).arg(to).status().unwrap();
    assert!(status.success());
}

/// Calls the program with bounded memory and time.
fn judge(space: &Space, call: &[&str]) -> Result<i32, String> {
    let plain = space.command(call);
    let mut command = Command::new("sh");
    command.args(["-c", &format!("ulimit -v {MOST_KIB}; exec \"$0\" \"$@\"")]).arg(plain.get_program()).args(plain.get_args());
    command.current_dir(plain.get_current_dir().unwrap()).env("NO_COLOR", "1").env("XDG_STATE_HOME", space.path(".state")).env("RUST_BACKTRACE", "0");
    let (out, err) = (space.path(".out"), space.path(".err"));
    command.stdin(Stdio::null()).stdout(fs::File::create(&out).unwrap()).stderr(fs::File::create(&err).unwrap());
    let mut child = command.spawn().unwrap();
    let begun = Instant::now();
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None if begun.elapsed() > LONGEST => {
                child.kill().unwrap();
                child.wait().unwrap();
                return Err("it hangs".into());
            }
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    };
    let said = String::from_utf8_lossy(&fs::read(&err).unwrap()).into_owned();
    if std::env::var_os("HILUM_FUZZ_SHOW").is_some() {
        println!("$ hilum {}\n{said}", call.join(" "));
    }
    let is_fault = said.contains("panicked") || said.contains("bug in hilum") || said.contains("memory allocation");
    match status.code() {
        Some(code @ 0..=4) if !is_fault => Ok(code),
        code => Err(format!("exit {code:?}\n{said}")),
    }
}

#[test]
fn nothing_that_comes_in_broken_breaks_the_program() {
    let number = |name: &str| std::env::var(name).ok().and_then(|n| n.parse::<u64>().ok());
    let (from, tries) = (number("HILUM_FUZZ_FROM").unwrap_or(0), number("HILUM_FUZZ").unwrap_or(500));
    let seedling = grow();
    let mut ends = Ends::new();
    let failures: Vec<String> = (from..from + tries).filter_map(|n| attempt(&seedling, n, &mut ends).err()).collect();
    ends.iter().for_each(|((what, verb, code), n)| println!("{what}, `{verb}`: exit {code}, {n} times"));
    println!("{tries} tries, {} failures", failures.len());
    assert!(
        failures.is_empty(),
        "{} of {tries} broken inputs were not refused properly:\n{}",
        failures.len(),
        failures.iter().take(10).cloned().collect::<Vec<_>>().join("\n")
    );
}
