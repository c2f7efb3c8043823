//! Reading the text of a study, within limits; recognising studies.

use super::node::Node;
use super::parse;
use crate::diagnostic::{Diagnostic, Texts, did_you_mean_file};
use std::io::Read;
use std::path::Path;

/// The largest study.
const MAX_BYTES: u64 = 16 << 20;

/// Reads and parses one file.
pub fn read(file: &Path, texts: &mut Texts, diagnostics: &mut Vec<Diagnostic>) -> Option<Node> {
    let name = file.display().to_string();
    let refuse = |message: String, code| Diagnostic::new(code, message);
    let text = match std::fs::metadata(file) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            let help = did_you_mean_file(file);
            Err(refuse(format!("there is no file `{name}`"), "E0001").maybe_help(help))
        }
        Err(e) => Err(refuse(format!("`{name}` cannot be read: {e}"), "E0001")),
        Ok(m) if m.is_dir() => Err(refuse(format!("`{name}` is a directory"), "E0001").help("name the study's YAML file")),
        Ok(m) if m.len() > MAX_BYTES => Err(refuse(format!("`{name}` has {} MiB, more than {} MiB", m.len() >> 20, MAX_BYTES >> 20), "E0004")),
        // What is no file, such as standard input or a device, says no size and may never end.
        Ok(_) => match bytes(file) {
            Err(e) => Err(refuse(format!("`{name}` cannot be read: {e}"), "E0001")),
            Ok(bytes) if bytes.len() as u64 > MAX_BYTES => Err(refuse(format!("`{name}` has more than {} MiB", MAX_BYTES >> 20), "E0004")),
            Ok(bytes) => String::from_utf8(bytes).map_err(|_| refuse(format!("`{name}` is not UTF-8"), "E0001").help("save it as UTF-8")),
        },
    };
    match text {
        Ok(text) => {
            let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
            let number = texts.add(&name, text);
            let node = parse::parse(text, number, diagnostics);
            if node.is_none() && diagnostics.is_empty() {
                diagnostics.push(Diagnostic::new("E0103", format!("`{name}` is empty")).help("a study needs `study`, `seed` and `stages`"));
            }
            node
        }
        Err(fault) => {
            diagnostics.push(fault);
            None
        }
    }
}

/// The bytes of a file, and no more than one too many.
fn bytes(file: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = vec![];
    std::fs::File::open(file)?.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// True for a file with a key `study` at its top. One that cannot be read as YAML may be a study with a fault.
pub fn is_study(file: &Path) -> bool {
    let is_small = std::fs::metadata(file).is_ok_and(|m| m.is_file() && m.len() <= MAX_BYTES);
    let text = if is_small { std::fs::read_to_string(file).unwrap_or_default() } else { String::new() };
    match parse::parse(&text, 0, &mut vec![]) {
        Some(root) => root.get("study").is_some(),
        None => text.lines().any(|l| l.starts_with("study:")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_that_never_ends_is_no_study() {
        let (mut texts, mut diagnostics) = (Texts::default(), vec![]);
        assert!(read(Path::new("/dev/zero"), &mut texts, &mut diagnostics).is_none());
        assert_eq!(diagnostics.iter().map(|d| (d.code, d.message.as_str())).collect::<Vec<_>>(), [("E0004", "`/dev/zero` has more than 16 MiB")]);
    }
}
