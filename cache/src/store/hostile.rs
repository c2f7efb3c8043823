//! Malicious stores.

use super::*;
use crate::gc::{self, Keep};
use crate::receipt::Artifact;
use crate::regular::tests::with_hostile;
use crate::{Ledger, WritableStore, verify};
use std::os::unix::fs::symlink;
use std::sync::Arc;

fn place() -> (tempfile::TempDir, WritableStore) {
    let dir = tempfile::tempdir().unwrap();
    let store = WritableStore::create(&dir.path().join("store")).unwrap();
    (dir, store)
}

#[test]
fn what_lies_in_the_place_of_an_object_is_damaged_and_moved_aside() {
    let (_dir, store) = place();
    let digest = store.put(b"image").unwrap().digest;
    let (root, path) = (store.root().to_path_buf(), store.object_path(&digest));
    fs::remove_file(&path).unwrap();
    with_hostile(&path.clone(), move |form| {
        let (reader, writer) = (Store::open(&root).unwrap(), WritableStore::open(&root).unwrap());
        assert_eq!(reader.presence(&digest, Some(5)), Presence::Touched, "{form}");
        assert_eq!(reader.objects().unwrap().len(), 1, "{form}");
        if form == "holes" {
            assert!(matches!(reader.read(&digest), Err(Error::TooLarge { .. })));
            assert!(matches!(reader.read_tree(&digest), Err(Error::TooLarge { .. })));
            // Hashing it would take a while, and no memory.
            return fs::remove_file(&path).unwrap();
        }
        assert!(matches!(reader.read(&digest), Err(Error::Damaged(_))), "{form}");
        assert!(matches!(reader.verified_path(&digest), Err(Error::Damaged(_))), "{form}");
        assert!(path.symlink_metadata().is_ok(), "{form}: who reads moves nothing");
        let report = verify::verify(&writer, &Ledger::load(&writer).unwrap()).unwrap();
        assert_eq!((report.faults.len(), report.faults[0].kind), (1, "damaged"), "{form}");
        assert!(path.symlink_metadata().is_err() && root.join("quarantine").join(digest.hex()).symlink_metadata().is_ok(), "{form}");
        writer.put(b"image").unwrap();
        assert_eq!(writer.read(&digest).unwrap(), b"image", "{form}");
        fs::remove_file(&path).unwrap();
    });
}

#[test]
fn objects_are_stored_in_the_place_of_whatever_lies_there_and_freed_from_it() {
    let (_dir, store) = place();
    let digest = store.put(b"image").unwrap().digest;
    let path = store.object_path(&digest);
    fs::remove_file(&path).unwrap();
    let ours = Arc::new(store);
    with_hostile(&path.clone(), move |form| {
        let store = WritableStore::open(ours.root()).unwrap();
        store.put(b"image").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"image", "{form}");
        fs::remove_file(&path).unwrap();
    });
    let (_dir, store) = place();
    let path = store.object_path(&digest);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    with_hostile(&path.clone(), move |form| {
        gc::collect(&store, Keep { runs: Some(0), max_size: None }, &|_, _| false).unwrap();
        assert!(path.symlink_metadata().is_err(), "{form}");
    });
}

#[test]
fn a_directory_of_a_store_is_no_link_and_the_store_itself_may_be_one() {
    for name in DIRECTORIES {
        let (dir, store) = place();
        let (inside, elsewhere) = (store.root().join(name), dir.path().join("elsewhere"));
        fs::create_dir_all(&inside).unwrap();
        fs::rename(&inside, &elsewhere).unwrap();
        symlink(&elsewhere, &inside).unwrap();
        for refused in [Store::open(store.root()).err(), WritableStore::open(store.root()).err(), WritableStore::create(store.root()).err()] {
            let refused = refused.unwrap();
            assert!(refused.to_string().ends_with(&format!("{name} is a link; expected a directory")), "{refused}");
            assert!(refused.help().unwrap().contains("move the whole directory and link that"));
        }
    }
    let (dir, store) = place();
    let link = dir.path().join("link");
    symlink(store.root(), &link).unwrap();
    let linked = WritableStore::create(&link).unwrap();
    let digest = linked.put(b"image").unwrap().digest;
    assert_eq!(store.read(&digest).unwrap(), b"image");
}

#[test]
fn a_shard_that_is_a_link_is_neither_read_nor_written_to_nor_cleaned() {
    let (dir, store) = place();
    let digest = store.put(b"image").unwrap().digest;
    let (shard, elsewhere) = (store.object_path(&digest).parent().unwrap().to_path_buf(), dir.path().join("elsewhere"));
    fs::rename(&shard, &elsewhere).unwrap();
    symlink(&elsewhere, &shard).unwrap();
    let fresh = WritableStore::open(store.root()).unwrap();
    assert_eq!(fresh.presence(&digest, Some(5)), Presence::Touched);
    let link = |e: Error| matches!(e, Error::Foreign { what: "a link", due: "directory", .. });
    assert!(link(fresh.read(&digest).unwrap_err()) && link(fresh.verified_path(&digest).unwrap_err()));
    assert!(link(fresh.put(b"image").unwrap_err()) && link(fresh.objects().unwrap_err()));
    assert!(link(gc::collect(&fresh, Keep { runs: Some(0), max_size: None }, &|_, _| false).unwrap_err()));
    fresh.set_aside(&digest);
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 1);
}

#[test]
fn sweeping_removes_links_and_not_what_they_lead_to() {
    let (dir, store) = place();
    let elsewhere = dir.path().join("elsewhere");
    fs::create_dir_all(elsewhere.join("sub")).unwrap();
    fs::write(elsewhere.join("thesis"), "mine").unwrap();
    fs::create_dir_all(store.root().join("tmp/work/deep")).unwrap();
    for link in ["tmp/link", "tmp/work/deep/link", "locks/link"] {
        symlink(&elsewhere, store.root().join(link)).unwrap();
    }
    symlink(elsewhere.join("thesis"), store.root().join("locks/file")).unwrap();
    gc::sweep(&store);
    for directory in ["tmp", "locks"] {
        assert_eq!(fs::read_dir(store.root().join(directory)).unwrap().count(), 0, "{directory}");
    }
    assert_eq!((fs::read(elsewhere.join("thesis")).unwrap(), fs::read_dir(&elsewhere).unwrap().count()), (b"mine".to_vec(), 2));
}

#[test]
fn laying_out_a_store_writes_through_no_link() {
    let dir = tempfile::tempdir().unwrap();
    let (root, victim) = (dir.path().join("store"), dir.path().join("victim"));
    fs::create_dir(&root).unwrap();
    fs::write(&victim, "mine").unwrap();
    symlink(&victim, root.join(".gitignore")).unwrap();
    WritableStore::create(&root).unwrap();
    assert_eq!((fs::read(&victim).unwrap(), fs::read(root.join(".gitignore")).unwrap()), (b"mine".to_vec(), b"*\n".to_vec()));
    let format = root.join("format");
    fs::remove_file(&format).unwrap();
    with_hostile(&format, move |form| assert!(Store::open(&root).is_err() && WritableStore::create(&root).is_err(), "{form}"));
}

#[test]
fn a_deep_list_of_files_is_a_fault_of_the_record() {
    let (_dir, store) = place();
    let deep = store.put(format!("{{\"v\":1,\"files\":{}", "[".repeat(1 << 20)).as_bytes()).unwrap();
    let artifact = Artifact { kind: "table".into(), digest: deep.digest, sha256: deep.sha256, bytes: 1, file: None };
    assert!(matches!(store.files(&artifact), Err(Error::Record { .. })));
}
