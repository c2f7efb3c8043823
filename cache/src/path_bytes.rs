//! Paths in messages between our processes: text where they are UTF-8, bytes where they are not, as old archives have them.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Spelling {
    Text(String),
    Bytes(Vec<u8>),
}

/// Writes a path.
///
/// # Errors
/// As the serializer.
pub fn serialize<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    let spelling = path.to_str().map_or_else(|| Spelling::Bytes(path.as_os_str().as_bytes().to_vec()), |text| Spelling::Text(text.to_owned()));
    spelling.serialize(serializer)
}

/// Reads a path.
///
/// # Errors
/// As the deserializer.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
    Ok(match Spelling::deserialize(deserializer)? {
        Spelling::Text(text) => text.into(),
        Spelling::Bytes(bytes) => OsString::from_vec(bytes).into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize, Deserialize)]
    struct Message(#[serde(with = "super")] PathBuf);

    #[test]
    fn any_path_comes_back() {
        for bytes in [&b"/data/a.png"[..], b"/data/M\xfcller/\x80.png", b"", b"new\nline"] {
            let path = PathBuf::from(OsString::from_vec(bytes.to_vec()));
            let text = serde_json::to_string(&Message(path.clone())).unwrap();
            assert_eq!(serde_json::from_str::<Message>(&text).unwrap().0, path);
        }
    }
}
