//! The key that signs the checkpoints of runs, and the keys that a reader trusts: files that lie elsewhere than what they vouch for.
//! Whoever hands on a store with its key hands on the right to sign it; whoever finds a public key beside the data knows only that
//! both come from the same hand.

use super::real;
use hilum_cache::evidence::{Examined, Fault, PublicKey, SigningKey, chain};
use hilum_cache::{Error, Result, Store};
use std::path::{Path, PathBuf};

/// The variable that names the file of the key.
pub const VARIABLE: &str = "HILUM_KEY";

/// The key that the environment names; none where it names none, and runs are unsigned.
///
/// # Errors
/// If it cannot be read, others may have read it, or it lies in or beside this store.
pub fn signing_key(store: &Path) -> Result<Option<SigningKey>> {
    let Some(path) = std::env::var_os(VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from) else { return Ok(None) };
    if is_beside(&path, store) {
        return Err(Error::Key {
            why: format!("{VARIABLE}: {} lies with the data that it would sign: whoever is given them could sign as you", path.display()),
            help: "keep it in a directory of its own, away from studies and stores",
        });
    }
    SigningKey::read(&path).map(Some)
}

/// What does not fit in the ledger of a store, for those who named nobody whom they trust. The key of the environment is known all the
/// same: a signature that names it and is none of its own is forged.
///
/// # Errors
/// If a file of the ledger cannot be read.
pub fn faults(store: &Store) -> Result<Vec<Fault>> {
    Ok(examined(store)?.faults)
}

/// The same, with all checkpoints and those who signed them.
///
/// # Errors
/// If a file of the ledger cannot be read.
pub fn examined(store: &Store) -> Result<Examined> {
    // Whoever signs nothing now need not have a key that can be read.
    let own: Vec<PublicKey> = signing_key(store.root()).ok().flatten().iter().map(SigningKey::public).collect();
    let mut examined = chain::examine(store, &own)?;
    examined.faults.retain(|fault| !matches!(fault, Fault::Untrusted { .. }));
    Ok(examined)
}

/// The public keys in these files.
///
/// # Errors
/// If one cannot be read, or lies in or beside this store.
pub fn trusted_keys(paths: &[PathBuf], store: &Path) -> Result<Vec<PublicKey>> {
    let read = |path: &PathBuf| match is_beside(path, store) {
        true => Err(Error::Key {
            why: format!("{} lies with the data that it should vouch for: whoever changed them could have put it there", path.display()),
            help: "get the key from its owner by another way, and keep it elsewhere",
        }),
        false => PublicKey::read(path),
    };
    paths.iter().map(read).collect()
}

/// True for a file within a store, in the directory that the store is in, or in those that hilum makes there.
fn is_beside(path: &Path, store: &Path) -> bool {
    let (path, store) = (real(path), real(store));
    let Some(study) = store.parent() else { return path.starts_with(&store) };
    path.starts_with(&store) || path.parent() == Some(study) || ["results", ".hilum-private"].iter().any(|name| path.starts_with(study.join(name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_key_beside_the_data_vouches_for_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let at = |path: &str| dir.path().join(path);
        for directory in ["study/.hilum/runs", "study/results/s", "study/.hilum-private", "study/src", "keys"] {
            fs::create_dir_all(at(directory)).unwrap();
        }
        let key = SigningKey::new([1; 32]).public();
        let trusted = |path: &str| {
            fs::write(at(path), key.to_pem()).unwrap();
            trusted_keys(&[at(path)], &at("study/.hilum")).map_err(|e| e.to_string())
        };
        for beside in ["study/.hilum/k.pub", "study/.hilum/runs/k.pub", "study/k.pub", "study/results/s/k.pub", "study/.hilum-private/k.pub"] {
            assert!(trusted(beside).unwrap_err().contains("lies with the data that it should vouch for"), "{beside}");
        }
        std::os::unix::fs::symlink(at("study/k.pub"), at("keys/link.pub")).unwrap();
        assert!(trusted_keys(&[at("keys/link.pub")], &at("study/.hilum")).is_err(), "a link does not move it");
        assert_eq!(trusted("keys/k.pub"), Ok(vec![key.clone()]));
        assert_eq!(trusted("study/src/k.pub"), Ok(vec![key.clone()]));
    }
}
