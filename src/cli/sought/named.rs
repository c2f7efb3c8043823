//! How somebody is named in a call: by a pseudonym, or by an identifier from standard input, which becomes pseudonyms. Independent of
//! stores. No error repeats what was typed.

use super::super::{WrongCall, wrong};
use crate::workspace::Workspace;
use hilum_stages::contract::pseudonym::PseudonymKey;
use hilum_stages::kinds::import::{Identifiers, identifiers};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::Read;

/// How somebody was named.
#[derive(Clone)]
pub(in crate::cli) enum Named {
    /// By a pseudonym.
    Pseudonym(String),
    /// By an identifier, and the key that makes a pseudonym of it. It is kept for as long as the command lives, and nowhere else.
    Identifier(String, PseudonymKey),
}

/// Longer than any identifier.
const LONGEST: u64 = 4096;

impl Named {
    /// Reads whom a question is about: a pseudonym that was given, or an identifier from standard input, with the key of a study.
    ///
    /// # Errors
    /// If it is none, or there is no key.
    pub(in crate::cli) fn of(text: Option<&str>, workspace: Option<&Workspace>) -> anyhow::Result<Named> {
        match (text, workspace) {
            (Some(text), _) => Ok(Named::Pseudonym(pseudonym(text)?)),
            (None, None) => Err(no_key().into()),
            (None, Some(workspace)) => {
                let key = workspace.key()?.ok_or_else(no_key)?;
                Ok(Named::Identifier(identifier(std::io::stdin())?, key))
            }
        }
    }

    /// The key that makes pseudonyms, where an identifier was given.
    pub(in crate::cli) fn key(&self) -> Option<&PseudonymKey> {
        match self {
            Named::Pseudonym(_) => None,
            Named::Identifier(_, key) => Some(key),
        }
    }
}

/// What was typed.
pub(super) fn text_of(whom: &Named) -> &str {
    match whom {
        Named::Pseudonym(text) | Named::Identifier(text, _) => text,
    }
}

/// The pseudonyms of a text, as an import with these patterns reads it: of all of it, and of its parts.
pub(super) fn spelled(text: &str, patterns: &[String], key: &PseudonymKey) -> [BTreeSet<String>; 2] {
    let mut all = [identifiers(&Value::Null, text)].to_vec();
    all.extend(patterns.iter().map(|pattern| identifiers(&json!({ "patient": { "pattern": pattern } }), text)));
    let named = |of: fn(&Identifiers) -> &BTreeSet<String>| all.iter().flat_map(of).map(|one| key.pseudonym(one)).collect();
    [named(|all| &all.whole), named(|all| &all.parts)]
}

fn no_key() -> WrongCall {
    wrong("there is no `.hilum-private/study.key` beside the study: without the key of the import, an identifier has no pseudonym")
        .help("name the study that imported the patient; whoever has no key can ask by `--pseudonym`")
}

/// The pseudonym, if it is one.
fn pseudonym(text: &str) -> anyhow::Result<String> {
    let digits = text.strip_prefix("p:").unwrap_or_default();
    if digits.len() == 32 && digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
        return Ok(text.to_owned());
    }
    Err(wrong("--pseudonym is not a pseudonym: expected `p:` and 32 digits or letters a to f")
        .help("an identifier is passed on standard input, with --patient-stdin")
        .into())
}

/// The one identifier that an input has.
fn identifier(input: impl Read) -> anyhow::Result<String> {
    let mut bytes = vec![];
    input.take(LONGEST + 1).read_to_end(&mut bytes).map_err(|_| wrong("standard input cannot be read"))?;
    let help = "write the identifier of one patient: `--patient-stdin STUDY < FILE`";
    if bytes.len() as u64 > LONGEST {
        return Err(wrong(format!("standard input has more than {LONGEST} bytes: expected one identifier")).help(help).into());
    }
    let text = String::from_utf8(bytes).map_err(|_| wrong("standard input is not UTF-8").help(help))?;
    let lines: Vec<&str> = text.trim_start_matches('\u{feff}').lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    match lines.as_slice() {
        [one] => Ok((*one).to_owned()),
        [] => Err(wrong("standard input is empty: expected the identifier of a patient").help(help).into()),
        several => Err(wrong(format!("standard input has {} lines: expected one identifier", several.len())).help(help).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_identifier_is_read_and_no_error_repeats_it() {
        let read = |text: &[u8]| identifier(text).map_err(|e| e.to_string());
        assert_eq!(read(b" SECRET-1\r\n\n"), Ok("SECRET-1".into()));
        assert_eq!(read("\u{feff}SECRET 1".as_bytes()), Ok("SECRET 1".into()));
        for wrong in [&b""[..], b" \n\n", b"SECRET\nSECRET-2", &[b'S'; 5000], b"SECRET\xff"] {
            let why = read(wrong).unwrap_err();
            assert!(!why.contains("SECRET"), "{why}");
        }
        assert!(pseudonym("p:3ffc7609f45cd8785c4594e17f8cff2b").is_ok());
        for wrong in ["SECRET", "p:SECRET", "p:3FFC7609F45CD8785C4594E17F8CFF2B", ""] {
            let why = pseudonym(wrong).unwrap_err().to_string();
            assert!(!why.contains("SECRET"), "{why}");
        }
        assert_eq!(PseudonymKey::new([1; 32]).pseudonym(&read(b"c46\n").unwrap()), PseudonymKey::new([1; 32]).pseudonym(" C46 "));
    }
}
