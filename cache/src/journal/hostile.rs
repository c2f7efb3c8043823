//! Malicious journals.

use super::*;
use crate::Ledger;
use crate::regular::tests::with_hostile;
use std::fs;

#[test]
fn what_is_not_a_journal_is_refused_by_name_and_never_repaired() {
    let dir = tempfile::tempdir().unwrap();
    let store = WritableStore::create(dir.path()).unwrap();
    let journal = Journal::begin(&store).unwrap();
    let (path, run) = (journal.path.clone(), journal.run().to_owned());
    with_hostile(&path.clone(), move |form| {
        let name = path.parent().unwrap().display().to_string();
        let said = [entries(&store, &run).err(), Ledger::load(&store).err(), repair(&store).err()];
        assert!(said.iter().all(|e| e.as_ref().is_some_and(|e| e.to_string().contains(&name))), "{form}: {said:?}");
        assert_eq!(runs(&store).is_ok(), form == "holes", "{form}");
        fs::create_dir_all(path.parent().unwrap()).unwrap();
    });
}

#[test]
fn a_torn_line_goes_aside_through_no_link_and_leaves_other_names_of_the_file_alone() {
    let dir = tempfile::tempdir().unwrap();
    let store = WritableStore::create(dir.path()).unwrap();
    let path = Journal::begin(&store).unwrap().path.clone();
    let (victim, whole) = (dir.path().join("victim"), "{\"seq\":0}\n");
    fs::write(&path, format!("{whole}evil")).unwrap();
    fs::hard_link(&path, dir.path().join("other")).unwrap();
    fs::write(&victim, "mine").unwrap();
    let aside = path.with_file_name(format!("torn-at-{}", whole.len()));
    std::os::unix::fs::symlink(&victim, &aside).unwrap();
    assert_eq!(repair(&store).unwrap().len(), 1);
    assert_eq!((fs::read_to_string(&path).unwrap().as_str(), fs::read(&aside).unwrap().as_slice()), (whole, &b"evil"[..]));
    assert_eq!(fs::read(&victim).unwrap(), b"mine");
    assert_eq!(fs::read(dir.path().join("other")).unwrap().len(), whole.len() + 4);
}

#[test]
fn directories_of_runs_are_no_links_and_deep_lines_are_broken_ones() {
    let dir = tempfile::tempdir().unwrap();
    let store = WritableStore::create(dir.path()).unwrap();
    let journal = Journal::begin(&store).unwrap();
    let (path, name) = (journal.path.clone(), journal.run().to_owned());
    let deep = format!("{{\"type\":\"reused\",\"x\":{}\n", "[".repeat(1 << 20));
    fs::write(&path, &deep).unwrap();
    assert_eq!((entries(&store, &name).unwrap().len(), first_broken_line(deep.as_bytes())), (0, Some(1)));
    assert!(Ledger::load(&store).unwrap().last_of_study("t").is_empty());
    let run = path.parent().unwrap();
    fs::rename(run, dir.path().join("elsewhere")).unwrap();
    std::os::unix::fs::symlink(dir.path().join("elsewhere"), run).unwrap();
    assert!(matches!(entries(&store, &name), Err(Error::Foreign { what: "a link", .. })));
    assert!(matches!(run_names(&store), Err(Error::Foreign { what: "a link", .. })));
}
