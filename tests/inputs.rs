//! Imports: good images, bad images, hostile tables; and what must never be written down.

use crate::space::{Space, root};
use std::fs;

fn grey(side: u32, value: u8) -> Vec<u8> {
    let pixels: Vec<u8> = (0..side * side).map(|i| value.wrapping_add((i % 7) as u8)).collect();
    hilum_stages::data::png::encode(&pixels, side, side, &[]).unwrap()
}

const STUDY: &str = "study: import\nseed: 1\nstages:\n  images:\n    stage: import\n    with:\n      images: \"data:images\"\n      table: \"data:table.csv\"\n      columns: { patient: who, file: file, label: label }\n  pixels:\n    stage: prepare\n    in: { samples: images }\n    with: { size: 16 }\n";

fn space() -> Space {
    let space = Space::new();
    space.write("study.yaml", STUDY);
    let mut table = "who,file,label\n".to_owned();
    for i in 0..6u8 {
        space.write(&format!("data/images/secret-name-{i}.png"), grey(20 + u32::from(i), i * 30));
        table += &format!("CANARY-{},secret-name-{i}.png,{}\n", i / 2, if i < 4 { "normal" } else { "covid" });
    }
    space.write("data/table.csv", table);
    space
}

fn run(space: &Space) -> crate::space::Said {
    space.hilum(&["run", "study.yaml", "--data", "data=data"])
}

#[test]
fn bad_images_are_left_out_and_counted() {
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
        space.write(&format!("data/images/{name}"), bytes);
        table += &format!("X,{name},normal\n");
    }
    table += "X,nowhere.png,normal\n,secret-name-0.png,normal\n";
    space.write("data/table.csv", table);
    let said = run(&space);
    assert_eq!(said.code, 0, "{}", said.err);
    for why in [
        "the PNG is truncated",
        "the file is empty",
        "neither PNG, JPEG nor DICOM",
        "its header promises 40000 × 40000 pixels",
        "the JPEG is truncated",
        "no such file",
        "no patient",
    ] {
        assert!(said.err.contains(&format!("1 image was left out: {why}")), "{why}: {}", said.err);
    }
    assert_eq!(space.read("results/import/images/samples.csv").lines().count(), 7);
}

#[test]
fn wrong_tables_say_what_is_wrong() {
    // What a header says is found before anything runs; of rows, the run says it.
    let headers = [
        ("who,file\nA,secret-name-0.png\n", "the table has no column `label`", "it has these columns: who, file"),
        ("who;file;label;who\n", "the table has several columns `who`", "give each column a name of its own"),
        ("", "the table has no column `who`", ""),
        ("PK\u{3}\u{4}", "this is a spreadsheet workbook", "save the sheet as CSV"),
    ];
    for (table, message, help) in headers {
        let space = space();
        space.write("data/table.csv", table);
        for said in [run(&space), space.hilum(&["check", "study.yaml", "--data", "data=data"])] {
            assert_eq!(said.code, 2, "{}", said.err);
            assert!(said.err.contains(&format!("error[E0405]: {message}")) && said.err.contains(help), "{message}: {}", said.err);
        }
    }
    let cases = [
        ("who,file,label\n,secret-name-0.png,x\n", "the column `who` is empty: there would be no patients", "name the column"),
        ("who,file,label\nA,b\n", "the table cannot be read at line 2: 2 cells, expected 3", ""),
        ("who,file,label\n", "the table has no rows", ""),
    ];
    for (table, message, help) in cases {
        let space = space();
        space.write("data/table.csv", table);
        let said = run(&space);
        assert_eq!(said.code, 1, "{}", said.err);
        assert!(said.err.contains(&format!("error: `images`: {message}")) && said.err.contains(help), "{message}: {}", said.err);
    }
    let space = space();
    space.edit("label: label }", "label: label }\n      labels: { norml: normal }");
    let said = run(&space);
    assert!(said.err.contains("no image has the label `norml`") && said.err.contains("covid, normal"), "{}", said.err);
    let space = Space::new();
    space.write("study.yaml", STUDY);
    assert!(space.hilum(&["run", "study.yaml", "--data", "data=nowhere"]).err.contains("there is no directory `nowhere`"));
    assert!(space.hilum(&["run", "study.yaml"]).err.contains("error[E0402]: no location given for the data directory `data`"));
}

#[test]
fn an_image_that_does_not_decode_is_left_out_by_name() {
    let space = space();
    let mut image = grey(24, 9);
    let middle = image.len() / 2;
    image[middle] ^= 0x55;
    space.write("data/images/secret-name-1.png", image);
    let said = run(&space);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.err.contains("warning: 1 image was left out: the PNG's data are damaged"), "{}", said.err);
    let list = space.left_out("pixels");
    assert!(list.lines().count() == 2 && list.contains("secret-name-1.png\",\"normal\",\"the PNG's data are damaged"), "{list}");
    space.edit("size: 16", "size: 16, on_damage: stop");
    let said = run(&space);
    assert_eq!(said.code, 1);
    assert!(said.err.contains("error: `pixels`: 1 of 6 images is damaged"), "{}", said.err);
}

#[test]
fn later_stages_skip_what_prepare_excluded() {
    let space = space();
    let damage = |n: u8| {
        let path = space.path(&format!("data/images/secret-name-{n}.png"));
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x55;
        fs::write(path, bytes).unwrap();
    };
    damage(1);
    let net = "{ network: { smallcnn64: { width: 1 } }, steps: 1, batch: 4 }";
    let more = format!(
        "    with: {{ size: 32 }}\n  net: {{ stage: train-classifier, in: {{ samples: images, images: pixels }}, with: {net} }}\n  scores: {{ stage: evaluate, in: {{ weights: net, samples: images, images: pixels }}, with: {{ resamples: 100, purpose: synthetic-quality }} }}\n"
    );
    space.edit("    with: { size: 16 }\n", &more);
    space.edit("stages:\n", "checks: { allow: [{ id: leakage.patient_overlap, reason: one table for both }] }\nstages:\n");
    let said = run(&space);
    assert_eq!(said.code, 0, "{}", said.err);
    for stage in ["net", "scores"] {
        assert!(said.err.contains(&format!("{stage}   note: 1 row is skipped: its image was left out by `prepare`")), "{stage}: {}", said.err);
    }
    assert_eq!(space.read("results/import/scores/predictions.csv").lines().count(), 6, "five images and a header");
}

#[test]
fn a_changed_image_changes_only_its_rows() {
    let space = space();
    assert_eq!(run(&space).code, 0);
    let before = space.read("results/import/images/samples.csv");
    let path = space.path("data/images/secret-name-3.png");
    let times = fs::metadata(&path).unwrap().modified().unwrap();
    let old = fs::read(&path).unwrap();
    let mut new = old.clone();
    // Same size, old mtime put back: only content and ctime betray it.
    let text = new.len() - 20;
    new[text] ^= 1;
    fs::write(&path, &new).unwrap();
    fs::File::options().write(true).open(&path).unwrap().set_modified(times).unwrap();
    let said = space.hilum(&["run", "study.yaml", "--data", "data=data", "--only", "images", "--json"]);
    assert_eq!(crate::space::done(&said.out), ["images"]);
    fs::write(&path, old).unwrap();
    assert_eq!(run(&space).code, 0);
    assert_eq!(space.read("results/import/images/samples.csv"), before, "touching an image changes nothing");
}

/// A patient is known by the smallest digest among their images: as long as that image stays, the others may change.
#[test]
fn an_image_of_a_test_patient_leaves_the_generator_alone() {
    let space = Space::new();
    space.write(
        "study.yaml",
        "study: import\nseed: 1\nstages:\n  images:\n    stage: import\n    \
         with: { images: \"data:images\", patient: { from: path, pattern: \"([0-9]+)-.[.]png\" } }\n  \
         pixels:\n    stage: prepare\n    in: { samples: images }\n    with: { size: 32 }\n  \
         split:\n    stage: split\n    in: { samples: images }\n    with: { by: patient, train: 0.6, test: 0.4 }\n  \
         gan:\n    stage: train-gan\n    in: { samples: split.train, images: pixels }\n    \
         with: { network: { dcgan: { size: 32, width: 2, latent: 4 } }, steps: 2, batch: 4 }\n",
    );
    let name = |patient: u8, image: &str| format!("data/images/covid/{patient}-{image}.png");
    for i in 0..10u8 {
        space.write(&name(i, "a"), grey(40, i * 20));
        space.write(&name(i, "b"), grey(40, i * 20 + 10));
    }
    let run = || {
        let said = space.hilum(&["run", "study.yaml", "--data", "data=data", "--json"]);
        assert_eq!(said.code, 0, "{}", said.err);
        crate::space::done(&said.out)
    };
    assert_eq!(run(), ["gan", "images", "pixels", "split"]);
    let train = space.read("results/import/split/train.csv");
    let digest = |name: &str| hilum_cache::Digest::of(&fs::read(space.path(name)).unwrap());
    let is_train = |i: u8| train.contains(&digest(&name(i, "a")).hex());
    // The image with the larger digest becomes another one whose digest is larger than that of the image that stays.
    let change = |patient: u8, values: std::ops::Range<u8>| {
        let (a, b) = (name(patient, "a"), name(patient, "b"));
        let (stays, changes) = if digest(&a) < digest(&b) { (a, b) } else { (b, a) };
        let new = values.map(|v| grey(40, v)).find(|bytes| hilum_cache::Digest::of(bytes) > digest(&stays)).unwrap();
        space.write(&changes, new);
    };
    change((0..10).find(|i| !is_train(*i)).unwrap(), 201..225);
    let executed = run();
    assert!(executed.contains(&"pixels".to_owned()) && !executed.contains(&"gan".to_owned()), "{executed:?}");
    change((0..10).find(|i| is_train(*i)).unwrap(), 225..249);
    assert!(run().contains(&"gan".to_owned()));
}

#[test]
fn nothing_that_names_a_patient_or_this_machine_is_written_for_others() {
    let space = space();
    assert_eq!(run(&space).code, 0);
    // A failure, too, must not name directories in the journal.
    space.edit("size: 16", "size: 17");
    space.hilum(&["report", "-o", "results/r.html"]);
    let exported = space.hilum(&["export", "ro-crate", "-o", "results/crate"]);
    assert_eq!(exported.code, 0, "{}", exported.err);
    let here = space.path("").canonicalize().unwrap().display().to_string();
    let secrets = ["CANARY", "secret-name", here.trim_end_matches('/'), root().to_str().unwrap()];
    let mut files = 0;
    for top in [".hilum", "results"] {
        let mut directories = vec![space.path(top)];
        while let Some(directory) = directories.pop() {
            for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
                if entry.file_type().unwrap().is_dir() {
                    directories.push(entry.path());
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

/// Another key, other names of files, another order of rows: nothing but the pseudonyms may show it.
#[test]
fn the_same_images_and_table_give_everyone_the_same_bytes() {
    let split = "  split:\n    stage: split\n    in: { samples: images }\n    with: { by: patient, train: 0.5, test: 0.5 }\n";
    let (one, other) = (space(), Space::new());
    one.write("study.yaml", format!("{STUDY}{split}"));
    other.write("study.yaml", one.read("study.yaml"));
    let mut lines = vec![];
    for i in 0..6u8 {
        let name = format!("elsewhere/{}.jpeg", 9 - i);
        other.write(&format!("data/images/{name}"), fs::read(one.path(&format!("data/images/secret-name-{i}.png"))).unwrap());
        lines.push(format!("CANARY-{},{name},{}\n", i / 2, if i < 4 { "normal" } else { "covid" }));
    }
    lines.reverse();
    other.write("data/table.csv", format!("who,file,label\n{}", lines.concat()));
    for space in [&one, &other] {
        let said = run(space);
        assert_eq!(said.code, 0, "{}", said.err);
    }
    let differing: Vec<String> = one.digests().into_iter().filter(|(port, digest)| other.digests()[port] != *digest).map(|(port, _)| port).collect();
    assert_eq!(differing, ["images patients"]);
    let patients = one.read("results/import/images/patients.csv");
    assert_eq!((patients.lines().next(), patients.lines().count()), (Some("patient,pseudonym"), 4));
}

#[test]
fn what_runs_write_is_never_a_source() {
    for places in [&[][..], &["--results", "out", "--store", "kept"]] {
        let space = Space::new();
        let study = "study: own\nseed: 1\nstages:\n  nobody: { stage: phantoms, with: { size: 16, classes: { a: { images: 3 } } } }\n  \
                     images: { stage: import, with: { images: ., patients: one-per-image } }\n";
        space.write("study.yaml", study);
        for (i, class) in ["covid", "normal"].iter().enumerate() {
            space.write(&format!("{class}/1.png"), grey(20, i as u8 * 50));
        }
        let run = |study: &str| {
            space.write("study.yaml", study);
            space.hilum(&[&["run", "study.yaml", "--json"], places].concat())
        };
        assert_eq!(crate::space::done(&run(study).out), ["images", "nobody"]);
        let results = if places.is_empty() { "results" } else { places[1] };
        assert!(space.path(&format!("{results}/own/nobody/samples/images/00000.png")).exists());
        let again = run(study);
        assert_eq!((again.code, crate::space::done(&again.out)), (0, vec![]), "{}", again.err);
        assert_eq!(space.read(&format!("{results}/own/images/samples.csv")).lines().count(), 3);
        let store = if places.is_empty() { ".hilum" } else { places[3] };
        for path in [&format!("{results}/own/nobody"), results, store, ".hilum-private"] {
            let said = run(&study.replace("images: .,", &format!("images: {path},")));
            assert_eq!(said.code, 2, "{}", said.err);
            assert!(said.err.contains(&format!("error[E0404]: `{path}` is inside hilum's own output")), "{}", said.err);
            assert!(said.err.contains("help: copy the input to a directory of its own"), "{}", said.err);
        }
    }
    // Results that are laid out beside the study itself do not make a source of the study impossible.
    let space = Space::new();
    space.write("study.yaml", "study: own\nseed: 1\nstages:\n  images: { stage: import, with: { images: ., patients: one-per-image } }\n");
    space.write("covid/1.png", grey(20, 3));
    let said = space.hilum(&["run", "study.yaml", "--results", "."]);
    assert_eq!(said.code, 0, "{}", said.err);
}

#[test]
fn images_that_hilum_made_are_imported_as_synthetic() {
    let space = Space::new();
    space.write("study.yaml", "study: made\nseed: 1\nstages:\n  images: { stage: import, with: { images: data, patients: one-per-image } }\n");
    let source = format!("generator {}, image 7", hilum_cache::Digest::of(b"generator"));
    let marks = [("Description", "SYNTHETIC chest image, not for diagnosis"), ("Software", "hilum synthesize"), ("Source", &source)];
    space.write("data/covid/made.png", hilum_stages::data::png::encode(&[9; 400], 20, 20, &marks).unwrap());
    space.write("data/covid/taken.png", grey(20, 1));
    // Only files whose times have settled are remembered.
    std::thread::sleep(std::time::Duration::from_millis(50));
    let check = || {
        let said = space.hilum(&["run", "study.yaml"]);
        assert_eq!(said.code, 0, "{}", said.err);
        assert!(said.err.contains("warning: 1 image says that it is synthetic, and is imported as synthetic"), "{}", said.err);
        let table = space.read("results/made/images/samples.csv");
        let rows: Vec<Vec<&str>> = table.lines().skip(1).map(|l| l.split(',').collect()).collect();
        assert_eq!((rows.len(), rows[0][5], rows[1][5]), (2, "real", "synthetic"));
        assert_eq!((rows[1][1], rows[1][6]), ("", &*hilum_cache::Digest::of(b"generator").to_string()));
    };
    check();
    // What an older program remembered of the files knows no mark, and is not believed.
    let memo = space.read(".hilum-private/memo-5");
    assert!(memo.contains(" synthetic b3:"));
    let older: String = memo.split(" synthetic b3:").enumerate().map(|(i, part)| if i == 0 { part } else { &part[64..] }).collect();
    space.write(".hilum-private/memo", older);
    fs::remove_file(space.path(".hilum-private/memo-5")).unwrap();
    fs::remove_dir_all(space.path(".hilum")).unwrap();
    check();
    assert!(!space.path(".hilum-private/memo").exists(), "the memo of an older version must be removed, as it names paths and is read by nobody");
}
