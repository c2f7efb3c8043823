//! Malicious results directories, some of which change meanwhile.

use super::tests::setup;
use super::*;
use crate::regular::tests::with_hostile;
use std::fs;

#[test]
fn nothing_outside_is_touched_whatever_lies_in_the_directory_or_the_note() {
    let (dir, store, wanted) = setup();
    let (out, note) = (dir.path().join("results"), dir.path().join("note"));
    let victims = ["thesis.txt", "known.txt"].map(|name| dir.path().join(name));
    victims.iter().for_each(|v| fs::write(v, "mine").unwrap());
    let hostile = |names: &[&str]| -> String {
        let stamp = Stamp::of(&fs::metadata(&victims[0]).unwrap());
        names.iter().map(|n| format!("{}\t{stamp}\t{n}\n", Digest::of(b"mine").hex())).collect()
    };
    let text = hostile(&["../thesis.txt", "../known.txt", victims[1].to_str().unwrap(), "link/thesis.txt"]);
    fs::create_dir(&out).unwrap();
    std::os::unix::fs::symlink(dir.path(), out.join("link")).unwrap();
    for place in [&note, &out.join(OLD_NOTE)] {
        fs::write(place, &text).unwrap();
    }
    check_out(&store, &out, &note, &wanted, Rest::Removed).unwrap();
    assert!(victims.iter().all(|v| fs::read(v).unwrap() == b"mine"));
    assert!(!out.join(OLD_NOTE).exists(), "inodes and times of this machine are nobody's result");

    // Links in the place of a directory are refused, and so are names that lead out.
    fs::remove_dir_all(out.join("stage")).unwrap();
    std::os::unix::fs::symlink(dir.path(), out.join("stage")).unwrap();
    assert!(matches!(check_out(&store, &out, &note, &wanted, Rest::Removed), Err(Error::Link { .. })));
    fs::remove_file(out.join("stage")).unwrap();
    let bad = [Wanted { path: "../a.csv".into(), ..wanted[0].clone() }];
    assert!(matches!(check_out(&store, &out, &note, &bad, Rest::Removed), Err(Error::Record { .. })));
    assert!(!dir.path().join("a.csv").exists());
}

#[test]
fn what_lies_in_the_place_of_a_result_is_set_aside_and_never_followed() {
    let (dir, store, wanted) = setup();
    let (out, note) = (dir.path().join("results"), dir.path().join("note"));
    check_out(&store, &out, &note, &wanted, Rest::Removed).unwrap();
    let place = out.join("stage/a.csv");
    let asked = place.clone();
    with_hostile(&place, move |form| {
        // Of a file of holes the size says enough.
        let other = if form == "holes" { fs::File::options().write(true).open(&asked).unwrap().set_len(9) } else { Ok(()) };
        other.unwrap();
        let outcome = check_out(&store, &out, &note, &wanted, Rest::Removed).unwrap();
        assert_eq!((outcome.edited.len(), outcome.written), (1, 1), "{form}");
        assert_eq!(fs::read(&asked).unwrap(), b"a", "{form}");
    });
}

#[test]
fn nothing_in_the_way_of_what_is_being_written_is_written_to() {
    let (dir, store, wanted) = setup();
    let (out, note) = (dir.path().join("results"), dir.path().join("note"));
    check_out(&store, &out, &note, &wanted, Rest::Removed).unwrap();
    let (new, a) = (out.join(".new"), out.join("stage/a.csv"));
    with_hostile(&new, move |form| {
        fs::remove_file(&a).unwrap();
        let done = check_out(&store, &out, &note, &wanted, Rest::Removed);
        assert_eq!(done.is_ok(), form != "directory", "{form}");
        fs::write(&a, "a").unwrap();
    });
}

#[test]
fn a_link_that_is_put_there_meanwhile_leads_nowhere() {
    let (dir, store, wanted) = setup();
    let (out, note, victim) = (dir.path().join("results"), dir.path().join("note"), dir.path().join("victim"));
    let many: Vec<Wanted> = (0..50).map(|n| Wanted { path: format!("stage/{n}.csv"), digest: wanted[0].digest }).collect();
    let (stage, link, parked) = (out.join("stage"), dir.path().join("link"), dir.path().join("parked"));
    fs::create_dir_all(&stage).unwrap();
    fs::create_dir(&victim).unwrap();
    std::os::unix::fs::symlink(&victim, &link).unwrap();
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                for (from, to) in [(&stage, &parked), (&link, &stage), (&stage, &link), (&parked, &stage)] {
                    let _ = fs::rename(from, to);
                    std::thread::yield_now();
                }
            }
        });
        for _ in 0..200 {
            // It may well fail. Without a note, every file is written.
            let _ = fs::remove_file(&note);
            let _ = check_out(&store, &out, &note, &many, Rest::Removed);
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    assert_eq!(fs::read_dir(&victim).unwrap().count(), 0);
}
