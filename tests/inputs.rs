//! Imports: good films, bad films, hostile tables; and what must never be written down.

use crate::space::{Space, root};
use std::fs;

fn grey(side: u32, value: u8) -> Vec<u8> {
    let pixels: Vec<u8> = (0..side * side).map(|i| value.wrapping_add((i % 7) as u8)).collect();
    hilum_stages::data::png::encode(&pixels, side, side, &[]).unwrap()
}

const STUDY: &str = "study: import\nseed: 1\nstages:\n  films:\n    stage: import\n    with:\n      images: \"data:films\"\n      table: \"data:table.csv\"\n      columns: { patient: who, file: file, label: label }\n  pixels:\n    stage: prepare\n    in: { samples: films }\n    with: { size: 16 }\n";

fn space() -> Space {
    let space = Space::new();
    space.write("study.yaml", STUDY);
    let mut table = "who,file,label\n".to_owned();
    for i in 0..6u8 {
        space.write(&format!("data/films/secret-name-{i}.png"), grey(20 + u32::from(i), i * 30));
        table += &format!("CANARY-{},secret-name-{i}.png,{}\n", i / 2, if i < 4 { "normal" } else { "covid" });
    }
    space.write("data/table.csv", table);
    space
}

fn run(space: &Space) -> crate::space::Said {
    space.hilum(&["run", "study.yaml", "--data", "data=data"])
}

#[test]
fn bad_films_are_left_out_and_counted() {
    let space = space();
    let good = grey(24, 9);
    let mut table = space.read("data/table.csv");
    let mut bomb = good.clone();
    bomb[16..24].copy_from_slice(&[0, 0, 0x9c, 0x40, 0, 0, 0x9c, 0x40]);
    for (name, bytes) in [
        ("cut.png", &good[..good.len() - 9]),
        ("empty.jpg", &[][..]),
        ("text.png", b"no image at all"),
        ("bomb.png", &bomb),
        ("cut.jpg", &[0xff, 0xd8, 0xff, 0xe0, 0, 4, 0, 0]),
    ] {
        space.write(&format!("data/films/{name}"), bytes);
        table += &format!("X,{name},normal\n");
    }
    table += "X,nowhere.png,normal\n,secret-name-0.png,normal\n";
    space.write("data/table.csv", table);
    let said = run(&space);
    assert_eq!(said.code, 0, "{}", said.err);
    for why in [
        "the PNG is truncated",
        "the file is empty",
        "neither PNG nor JPEG",
        "its header promises 40000 × 40000 pixels",
        "the JPEG is truncated",
        "no such file",
        "no patient",
    ] {
        assert!(said.err.contains(&format!("1 film was left out: {why}")), "{why}: {}", said.err);
    }
    assert_eq!(space.read("results/import/films/samples.csv").lines().count(), 7);
}

#[test]
fn wrong_tables_say_what_is_wrong() {
    let cases = [
        ("who,file\nA,secret-name-0.png\n", "the table has no column `label`", "it has these columns: who, file"),
        ("who,file,label\n,secret-name-0.png,x\n", "the column `who` is empty: nobody would be a patient", "name the column"),
        ("who,file,label\nA,b\n", "the table does not read at line 2: 2 cells where 3 are due", ""),
        ("who,file,label\n", "the table has no row that passes", ""),
        ("", "the table has no column `who`", ""),
    ];
    for (table, message, help) in cases {
        let space = space();
        space.write("data/table.csv", table);
        let said = run(&space);
        assert_eq!(said.code, 1, "{}", said.err);
        assert!(said.err.contains(&format!("error: `films`: {message}")) && said.err.contains(help), "{message}: {}", said.err);
    }
    let space = space();
    space.edit("label: label }", "label: label }\n      labels: { norml: normal }");
    let said = run(&space);
    assert!(said.err.contains("no film has the label `norml`") && said.err.contains("covid, normal"), "{}", said.err);
    let space = Space::new();
    space.write("study.yaml", STUDY);
    assert!(space.hilum(&["run", "study.yaml", "--data", "data=nowhere"]).err.contains("there is no folder `nowhere`"));
    assert!(space.hilum(&["run", "study.yaml"]).err.contains("error[E0402]: nobody said where the data folder `data` is"));
}

#[test]
fn a_film_that_does_not_decode_is_named_by_prepare() {
    let space = space();
    let mut film = grey(24, 9);
    let middle = film.len() / 2;
    film[middle] ^= 0x55;
    space.write("data/films/secret-name-1.png", film);
    let said = run(&space);
    assert_eq!(said.code, 1);
    assert!(said.err.contains("1 of 6 films do not decode, the first is b3:"), "{}", said.err);
}

#[test]
fn a_changed_film_changes_only_its_rows() {
    let space = space();
    assert_eq!(run(&space).code, 0);
    let before = space.read("results/import/films/samples.csv");
    let path = space.path("data/films/secret-name-3.png");
    let times = fs::metadata(&path).unwrap().modified().unwrap();
    let old = fs::read(&path).unwrap();
    let mut new = old.clone();
    // Same size, old mtime put back: only content and ctime betray it.
    let text = new.len() - 20;
    new[text] ^= 1;
    fs::write(&path, &new).unwrap();
    fs::File::options().write(true).open(&path).unwrap().set_modified(times).unwrap();
    let said = space.hilum(&["run", "study.yaml", "--data", "data=data", "--only", "films", "--json"]);
    assert_eq!(crate::space::done(&said.out), ["films"]);
    fs::write(&path, old).unwrap();
    assert_eq!(run(&space).code, 0);
    assert_eq!(space.read("results/import/films/samples.csv"), before, "touching a film changes nothing");
}

#[test]
fn a_test_film_leaves_the_generator_alone() {
    let space = Space::new();
    space.write(
        "study.yaml",
        "study: import\nseed: 1\nstages:\n  films:\n    stage: import\n    with: { images: \"data:films\" }\n  \
         pixels:\n    stage: prepare\n    in: { samples: films }\n    with: { size: 32 }\n  \
         split:\n    stage: split\n    in: { samples: films }\n    with: { by: patient, train: 0.6, test: 0.4 }\n  \
         gan:\n    stage: train-gan\n    in: { samples: split.train, images: pixels }\n    \
         with: { network: { dcgan: { size: 32, width: 2, latent: 4 } }, steps: 2, batch: 4 }\n",
    );
    for i in 0..10u8 {
        space.write(&format!("data/films/covid/{i}.png"), grey(40, i * 20));
    }
    let run = || {
        let said = space.hilum(&["run", "study.yaml", "--data", "data=data", "--json"]);
        assert_eq!(said.code, 0, "{}", said.err);
        crate::space::done(&said.out)
    };
    assert_eq!(run(), ["films", "gan", "pixels", "split"]);
    let train = space.read("results/import/split/train.csv");
    let is_train = |i: u8| train.contains(&hilum_cache::Digest::of(&fs::read(space.path(&format!("data/films/covid/{i}.png"))).unwrap()).hex());
    let test_film = (0..10).find(|i| !is_train(*i)).unwrap();
    let train_film = (0..10).find(|i| is_train(*i)).unwrap();
    space.write(&format!("data/films/covid/{test_film}.png"), grey(40, 213));
    let executed = run();
    assert!(executed.contains(&"pixels".to_owned()) && !executed.contains(&"gan".to_owned()), "{executed:?}");
    space.write(&format!("data/films/covid/{train_film}.png"), grey(40, 217));
    assert!(run().contains(&"gan".to_owned()));
}

#[test]
fn nothing_that_names_a_patient_or_this_machine_is_written_for_others() {
    let space = space();
    assert_eq!(run(&space).code, 0);
    // A failure, too, must not name folders in the journal.
    space.edit("size: 16", "size: 17");
    space.hilum(&["report", "-o", "results/r.html"]);
    let here = space.path("").canonicalize().unwrap().display().to_string();
    let secrets = ["CANARY", "secret-name", here.trim_end_matches('/'), root().to_str().unwrap()];
    let mut files = 0;
    for top in [".hilum", "results"] {
        let mut folders = vec![space.path(top)];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
                if entry.file_type().unwrap().is_dir() {
                    folders.push(entry.path());
                    continue;
                }
                files += 1;
                let bytes = fs::read(entry.path()).unwrap();
                for secret in secrets {
                    assert!(!bytes.windows(secret.len()).any(|w| w == secret.as_bytes()), "{} holds `{secret}`", entry.path().display());
                }
            }
        }
    }
    assert!(files > 10);
}
