//! Ed25519 keys, as PEM files that other programs read: PKCS #8 for the secret half, SubjectPublicKeyInfo for the public one. A key is
//! named by the SHA-256 of its public half in DER.

use crate::{Error, Result, Sha256, memo, regular};
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey, KeypairBytes};
use ed25519_dalek::{Signer, SigningKey as Secret, VerifyingKey};
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The longest file that may be a key.
const LONGEST: u64 = 16 << 10;

/// A key that signs.
pub struct SigningKey(Secret);

/// The public half of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

fn refused(path: &Path, why: &str, help: &'static str) -> Error {
    Error::Key { why: format!("{}: {why}", path.display()), help }
}

impl SigningKey {
    /// From 32 secret bytes.
    pub fn new(secret: [u8; 32]) -> SigningKey {
        SigningKey(Secret::from_bytes(&secret))
    }

    /// A new one, from the system's random numbers.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn draw() -> Result<SigningKey> {
        let (random, mut secret) = (Path::new("/dev/urandom"), [0; 32]);
        File::open(random).and_then(|mut file| file.read_exact(&mut secret)).map_err(Error::io("read", random))?;
        Ok(SigningKey::new(secret))
    }

    /// Reads a file in PEM, which nobody but its owner may be able to read.
    ///
    /// # Errors
    /// If it cannot be read, is open to others, or is no Ed25519 key.
    pub fn read(path: &Path) -> Result<SigningKey> {
        let file = regular::open_named(path)?;
        let mode = file.metadata().map_err(Error::io("read", path))?.mode();
        if mode & 0o077 != 0 {
            let why = format!("is open to other users (mode {:03o}): whoever has read it can sign as you", mode & 0o777);
            return Err(refused(path, &why, "if no one else has seen it: `chmod 600` it; if not, make a new one with `hilum key new`"));
        }
        let bytes = regular::read_open(file, path, LONGEST)?;
        let key = std::str::from_utf8(&bytes).ok().and_then(|pem| Secret::from_pkcs8_pem(pem).ok());
        key.map(SigningKey).ok_or_else(|| refused(path, "is no Ed25519 key in PEM (`BEGIN PRIVATE KEY`)", "make one with `hilum key new`"))
    }

    /// Writes it in PEM, readable by its owner only; an existing file is refused.
    ///
    /// # Errors
    /// If there is something under that name, or it cannot be written.
    pub fn write_new(&self, path: &Path) -> Result<()> {
        if fs::symlink_metadata(path).is_ok() {
            return Err(refused(path, "exists; a key is never replaced", "name another file"));
        }
        // Without the public half, which not all programs expect there.
        let key = KeypairBytes { secret_key: self.0.to_bytes(), public_key: None };
        let pem = key.to_pkcs8_pem(LineEnding::LF).expect("BUG: every key has a PEM");
        memo::write_private(path, pem.as_bytes())
    }

    /// Its public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// The signature of a message (RFC 8032): the same for the same message.
    pub(super) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({})", self.public().id())
    }
}

impl PublicKey {
    /// Reads a file in PEM.
    ///
    /// # Errors
    /// If it cannot be read, or is no public Ed25519 key.
    pub fn read(path: &Path) -> Result<PublicKey> {
        let bytes = regular::read_open(regular::open_named(path)?, path, LONGEST)?;
        let key = std::str::from_utf8(&bytes).ok().and_then(|pem| VerifyingKey::from_public_key_pem(pem).ok());
        key.map(PublicKey).ok_or_else(|| {
            refused(path, "is no public Ed25519 key in PEM (`BEGIN PUBLIC KEY`)", "`hilum key new` writes it beside the secret one, as `NAME.pub`")
        })
    }

    /// In PEM.
    pub fn to_pem(&self) -> String {
        self.0.to_public_key_pem(LineEnding::LF).expect("BUG: every key has a PEM")
    }

    /// What it is named by: the SHA-256 of its DER, in hexadecimal digits.
    pub fn id(&self) -> String {
        Sha256::of(self.0.to_public_key_der().expect("BUG: every key has a DER").as_bytes()).hex()
    }

    /// True if it made this signature of this message. Signatures that only some programs accept are refused (RFC 8032, 8.9).
    pub(super) fn has_signed(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.0.verify_strict(message, &ed25519_dalek::Signature::from_bytes(signature)).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    /// Made by `openssl genpkey -algorithm ed25519` and `openssl pkey -pubout`, the secret being 32 times the letter `s`.
    const SECRET: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIHNzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nz\n-----END PRIVATE KEY-----\n";

    fn written(text: &str, mode: u32) -> (tempfile::TempDir, std::path::PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        (dir, path)
    }

    #[test]
    fn keys_are_files_that_other_programs_read() {
        let (dir, path) = written(SECRET, 0o600);
        let key = SigningKey::read(&path).unwrap();
        assert_eq!(key.public(), SigningKey::new([b's'; 32]).public());
        let other = dir.path().join("other");
        key.write_new(&other).unwrap();
        assert_eq!((fs::read_to_string(&other).unwrap().as_str(), fs::metadata(&other).unwrap().mode() & 0o777), (SECRET, 0o600));
        assert!(key.write_new(&other).unwrap_err().to_string().contains("never replaced"));
        let public = dir.path().join("pub");
        fs::write(&public, key.public().to_pem()).unwrap();
        assert_eq!(PublicKey::read(&public).unwrap(), key.public());
        assert_eq!(key.public().id().len(), 64);
    }

    #[test]
    fn what_others_may_have_read_or_is_no_key_is_refused() {
        for mode in [0o640, 0o604, 0o666] {
            let (_dir, path) = written(SECRET, mode);
            assert!(SigningKey::read(&path).unwrap_err().to_string().contains(&format!("mode {mode:03o}")));
        }
        for text in ["", "x", &SECRET[1..], &SECRET.replace("MC4C", "MC4D"), &SigningKey::new([1; 32]).public().to_pem()] {
            let (_dir, path) = written(text, 0o600);
            assert!(SigningKey::read(&path).unwrap_err().to_string().contains("is no Ed25519 key"), "{text}");
        }
        let (_dir, path) = written(SECRET, 0o600);
        assert!(PublicKey::read(&path).is_err(), "the secret half is not taken for the public one");
    }
}
