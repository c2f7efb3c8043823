//! Reading the text of a study, within limits.

use super::node::{self, Node};
use crate::diagnostic::{Diagnostic, Texts};
use std::path::Path;

/// No study is larger.
const LARGEST: u64 = 16 << 20;

/// Reads and parses one file.
pub fn read(file: &Path, texts: &mut Texts, diagnostics: &mut Vec<Diagnostic>) -> Option<Node> {
    let name = file.display().to_string();
    let refuse = |message: String, code| Diagnostic::new(code, message);
    let text = match std::fs::metadata(file) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Err(refuse(format!("there is no file `{name}`"), "E0001")),
        Err(e) => Err(refuse(format!("`{name}` cannot be read: {e}"), "E0001")),
        Ok(m) if m.is_dir() => Err(refuse(format!("`{name}` is a folder"), "E0001").help("name the study's YAML file")),
        Ok(m) if m.len() > LARGEST => Err(refuse(format!("`{name}` has {} MiB, more than {} MiB", m.len() >> 20, LARGEST >> 20), "E0004")),
        Ok(_) => match std::fs::read(file) {
            Err(e) => Err(refuse(format!("`{name}` cannot be read: {e}"), "E0001")),
            Ok(bytes) => String::from_utf8(bytes).map_err(|_| refuse(format!("`{name}` is not UTF-8"), "E0001").help("save it as UTF-8")),
        },
    };
    match text {
        Ok(text) => {
            let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
            let number = texts.add(&name, text);
            let node = node::parse(text, number, diagnostics);
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
