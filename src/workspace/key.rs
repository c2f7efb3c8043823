//! The pseudonym key: drawn once, kept by its owner alone, and never replaced. Anyone who has it can find the patient behind a
//! pseudonym by trying identifiers, so a key that others may have is refused.

use super::{Workspace, lock_dir};
use hilum_cache::{Error, Result, memo};
use hilum_stages::contract::pseudonym::PseudonymKey;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

const FILE: &str = "study.key";
const LENGTH: usize = 32;

fn refused(why: String, help: &'static str) -> Error {
    Error::Key { why, help }
}

/// Refuses what belongs to another user or is accessible to others.
fn check_owner(stat: &fs::Metadata, name: &str, too_open: u32) -> Result<()> {
    if effective_user().is_some_and(|me| me != stat.uid()) {
        return Err(refused(
            format!("`.hilum-private/{name}` belongs to another user"),
            "run as its owner, or take it over with `chown` and `hilum key adopt STUDY`",
        ));
    }
    if stat.mode() & too_open != 0 {
        let mode = stat.mode() & 0o777;
        return Err(refused(
            format!("`.hilum-private/{name}` is open to other users (mode {mode:03o}): a key that others may know does not protect identities"),
            "if no one else has seen it: `chmod 700 .hilum-private; chmod 600 .hilum-private/study.key`",
        ));
    }
    Ok(())
}

impl Workspace {
    fn key_file(&self) -> PathBuf {
        self.private.join(FILE)
    }

    /// The pseudonym key, if there is one yet.
    ///
    /// # Errors
    /// If it is damaged, may be known to others, or was not made or adopted by this user.
    pub fn key(&self) -> Result<Option<PseudonymKey>> {
        let Some(key) = self.read_key()? else { return Ok(None) };
        match Own::of_user() {
            Some(own) if !own.holds(&key.fingerprint()) => Err(refused(
                format!("`.hilum-private/{FILE}` was not created by this user: whoever created it can reverse the pseudonyms"),
                "if you trust its origin, run `hilum key adopt STUDY`; if not, move it away, and a new key will be created",
            )),
            _ => Ok(Some(key)),
        }
    }

    /// True if something lies in the place of the key, whatever it is.
    pub fn has_key(&self) -> bool {
        self.key_file().symlink_metadata().is_ok()
    }

    /// The key, whoever created it.
    fn read_key(&self) -> Result<Option<PseudonymKey>> {
        let path = self.key_file();
        let stat = match fs::symlink_metadata(&path) {
            Ok(stat) => stat,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(Error::io("read", &path)(e)),
        };
        if !stat.is_file() {
            return Err(refused(format!("`.hilum-private/{FILE}` is not a regular file"), "move it away; a new key with other pseudonyms will be created"));
        }
        check_owner(&stat, FILE, 0o077)?;
        self.check_dir()?;
        let bytes = memo::read_private(&path)?;
        let found = bytes.len();
        let key: [u8; LENGTH] = bytes.try_into().map_err(|_| {
            refused(
                format!("`.hilum-private/{FILE}` is damaged: it has {found} bytes, a key has {LENGTH}"),
                "restore it from a backup; if there is none, move it away, and a new key with other pseudonyms will be created",
            )
        })?;
        Ok(Some(PseudonymKey::new(key)))
    }

    /// Refuses a private directory that others can write to: they could put another key there.
    fn check_dir(&self) -> Result<()> {
        check_owner(&fs::metadata(&self.private).map_err(Error::io("read", &self.private))?, "", 0o022)
    }

    /// The pseudonym key; a new one is drawn from the system where there is none.
    ///
    /// # Errors
    /// As [`Workspace::key`], and where it cannot be written.
    pub fn create_key(&self) -> Result<PseudonymKey> {
        if let Some(key) = self.key()? {
            return Ok(key);
        }
        self.create_private()?;
        self.check_dir()?;
        let _alone = lock_dir(&self.private)?;
        // Another run may have been first.
        if let Some(key) = self.key()? {
            return Ok(key);
        }
        let mut bytes = [0; LENGTH];
        let random = Path::new("/dev/urandom");
        fs::File::open(random).and_then(|mut f| f.read_exact(&mut bytes)).map_err(Error::io("read", random))?;
        let key = PseudonymKey::new(bytes);
        if let Some(own) = Own::of_user() {
            own.add(&key.fingerprint())?;
        }
        memo::write_private(&self.key_file(), &bytes)?;
        Ok(key)
    }

    /// Takes over the key that lies there; gives its fingerprint.
    ///
    /// # Errors
    /// If there is none, or it is damaged or open to others.
    pub fn adopt_key(&self) -> Result<String> {
        let missing = || refused(format!("there is no `.hilum-private/{FILE}` beside the study"), "name the file of the study whose key you were given");
        let fingerprint = self.read_key()?.ok_or_else(missing)?.fingerprint();
        let nowhere = || refused("the state directory of this user is unknown".into(), "set HOME or XDG_STATE_HOME");
        Own::of_user().ok_or_else(nowhere)?.add(&fingerprint)?;
        Ok(fingerprint)
    }
}

/// True if the path belongs to the current user, as far as the system tells.
pub fn is_own(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|stat| effective_user().is_none_or(|me| me == stat.uid()))
}

fn effective_user() -> Option<u32> {
    fs::metadata("/proc/self").ok().map(|m| m.uid())
}

/// Fingerprints of keys that this user made or adopted: a list in the user's directory of state. A fingerprint gives nothing away.
struct Own(PathBuf);

/// The user's directory of hilum's state, where the system says one.
pub(super) fn state_of_user() -> Option<PathBuf> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
    let state = absolute("XDG_STATE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/state")))?;
    Some(state.join("hilum"))
}

impl Own {
    /// None if there is no such directory: then the owner of a key is unknown.
    fn of_user() -> Option<Own> {
        let own = Own(state_of_user()?);
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&own.0);
        made.is_ok().then_some(own)
    }
    fn file(&self) -> PathBuf {
        self.0.join("keys")
    }
    fn holds(&self, fingerprint: &str) -> bool {
        fs::read_to_string(self.file()).is_ok_and(|text| text.lines().any(|line| line == fingerprint))
    }
    fn add(&self, fingerprint: &str) -> Result<()> {
        if self.holds(fingerprint) {
            return Ok(());
        }
        let path = self.file();
        // One line at a time at the end: two runs lose none of each other's.
        let mut file = fs::File::options().create(true).append(true).open(&path).map_err(Error::io("write", &path))?;
        file.set_permissions(fs::Permissions::from_mode(0o600)).map_err(Error::io("protect", &path))?;
        file.write_all(format!("{fingerprint}\n").as_bytes()).and_then(|()| file.sync_all()).map_err(Error::io("write", &path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// A study with a private directory of this mode, and a key of these bytes and this mode in it.
    fn with_key(bytes: &[u8], directory: u32, file: u32) -> (tempfile::TempDir, Workspace) {
        let dir = tempfile::tempdir().unwrap();
        let workspace = Workspace::of(&dir.path().join("study.yaml"), None, None, BTreeMap::new());
        fs::create_dir(&workspace.private).unwrap();
        fs::write(workspace.key_file(), bytes).unwrap();
        fs::set_permissions(workspace.key_file(), fs::Permissions::from_mode(file)).unwrap();
        fs::set_permissions(&workspace.private, fs::Permissions::from_mode(directory)).unwrap();
        (dir, workspace)
    }

    #[test]
    fn a_key_that_others_may_know_is_refused() {
        let read = |bytes: &[u8], directory, file| {
            let (_dir, workspace) = with_key(bytes, directory, file);
            workspace.read_key().map(|key| key.map(|k| k.fingerprint())).map_err(|e| e.to_string())
        };
        let key = [7; LENGTH];
        assert_eq!(read(&key, 0o700, 0o600), Ok(Some(PseudonymKey::new(key).fingerprint())));
        // Others may look into the directory, as its files are closed to them, but may not put another key there.
        assert!(read(&key, 0o755, 0o600).is_ok());
        for (directory, file, mode) in [(0o700, 0o640, "640"), (0o700, 0o604, "604"), (0o770, 0o600, "770"), (0o702, 0o600, "702")] {
            let why = read(&key, directory, file).unwrap_err();
            assert!(why.contains(&format!("is open to other users (mode {mode})")), "{directory:o} {file:o}: {why}");
        }
        for bytes in [&key[..31], &[7; 33], &[]] {
            let why = read(bytes, 0o700, 0o600).unwrap_err();
            assert!(why.contains(&format!("it has {} bytes, a key has 32", bytes.len())), "{why}");
        }
    }

    #[test]
    fn only_a_regular_file_is_a_key() {
        let (dir, workspace) = with_key(&[7; LENGTH], 0o700, 0o600);
        fs::rename(workspace.key_file(), dir.path().join("elsewhere")).unwrap();
        assert!(!workspace.has_key() && workspace.read_key().unwrap().is_none());
        std::os::unix::fs::symlink(dir.path().join("elsewhere"), workspace.key_file()).unwrap();
        assert!(workspace.has_key(), "a link that leads somewhere");
        assert!(workspace.read_key().unwrap_err().to_string().contains("is not a regular file"));
        fs::remove_file(dir.path().join("elsewhere")).unwrap();
        assert!(workspace.has_key(), "a link that leads nowhere is in the place of the key, too");
    }

    #[test]
    fn own_fingerprints_are_whole_lines_and_kept_once() {
        let dir = tempfile::tempdir().unwrap();
        let own = Own(dir.path().to_path_buf());
        let [a, b] = [1, 2].map(|n| PseudonymKey::new([n; LENGTH]).fingerprint());
        assert!(!own.holds(&a), "there is no list yet");
        [&a, &b, &a].into_iter().for_each(|f| own.add(f).unwrap());
        assert!(own.holds(&a) && own.holds(&b) && !own.holds(&a[..8]) && !own.holds(""));
        assert_eq!(fs::read_to_string(own.file()).unwrap(), format!("{a}\n{b}\n"));
        assert_eq!(fs::metadata(own.file()).unwrap().mode() & 0o777, 0o600);
    }
}
