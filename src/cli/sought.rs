//! Whom a question is about: an identifier from standard input, which becomes a pseudonym at once, or a pseudonym. No message, document
//! or error repeats what was typed in the place of a patient: it may be an identifier.

use super::{StoreArgs, WrongCall, complete, find, open, wrong};
use crate::patients::{self, Index, Sought};
use crate::progress::remark;
use crate::workspace::Workspace;
use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use hilum_stages::words::counted;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;

/// The verbs that ask for a patient.
pub(super) const VERBS: [&str; 2] = ["who-used", "erase-plan"];

/// What to do where the arguments do not fit.
pub(super) const HELP: &str = "write `hilum who-used --patient-stdin STUDY < FILE` or `--pseudonym p:…`; an identifier is never an argument, since it would stay in the history of the shell";

#[derive(Args)]
pub(super) struct PatientArgs {
    /// The study whose private directory has the key [default: hilum.yaml, or the only study in this directory]
    #[arg(add = ArgValueCompleter::new(complete::studies))]
    study: Option<PathBuf>,
    /// Read the patient's identifier from standard input, as the imported table has it
    #[arg(long, conflicts_with = "pseudonym", required_unless_present = "pseudonym")]
    patient_stdin: bool,
    /// Ask for a pseudonym, `p:` and 32 digits: needs no key
    #[arg(long)]
    pseudonym: Option<String>,
    /// Only the patient of this set of identifiers: the `patients: NAME` of imports, or their directory
    #[arg(long, value_name = "NAME")]
    namespace: Option<String>,
    #[command(flatten)]
    pub(super) store: StoreArgs,
}

/// What is asked, and of which store.
pub(super) struct Question {
    pub(super) index: Index,
    pseudonym: String,
    namespace: Option<String>,
    /// The fingerprint of the key, where the pseudonym was made with one.
    key: Option<String>,
}

/// Longer than any identifier.
const LONGEST: u64 = 4096;

impl Question {
    /// Reads whom the question is about, and opens the index of the store.
    ///
    /// # Errors
    /// If the call is wrong, the key cannot be used, or the store cannot be read.
    pub(super) fn of(args: &PatientArgs) -> anyhow::Result<Question> {
        let (pseudonym, key, beside) = match &args.pseudonym {
            Some(text) => (pseudonym(text)?, None, args.study.as_ref().map(|_| workspace(args)).transpose()?),
            None => {
                let workspace = workspace(args)?;
                let key = workspace.key()?.ok_or_else(no_key)?;
                (key.pseudonym(&identifier(std::io::stdin())?), Some(key.fingerprint()), Some(workspace))
            }
        };
        let named = super::store_or_environment(args.store.store.as_ref()).or_else(|| beside.map(|workspace| workspace.store));
        let (store, ledger) = open::store(&StoreArgs { store: named, json: args.store.json })?;
        open::remark_ledger(&store, &ledger)?;
        let index = patients::open(&store)?;
        Ok(Question { index, pseudonym, namespace: args.namespace.clone(), key })
    }

    /// The patient.
    ///
    /// # Errors
    /// If no import of the store has the patient.
    pub(super) fn sought(&self) -> anyhow::Result<Sought<'_>> {
        let sought = self.index.find(&self.pseudonym, self.namespace.as_deref());
        if sought.people.is_empty() { Err(self.unknown().into()) } else { Ok(sought) }
    }

    fn unknown(&self) -> WrongCall {
        let gone = self.index.unreadable_imports();
        let lost = self.index.lost_results();
        let others = self.key.as_deref().map_or(0, |key| self.index.under_other_keys(key));
        let message = match &self.namespace {
            Some(_) if !self.index.find(&self.pseudonym, None).people.is_empty() => "no import with this namespace has the patient".to_owned(),
            _ if gone > 0 => format!(
                "whether the patient is in this store is not known: {} removed or damaged",
                counted(gone, "table of pseudonyms was", "tables of pseudonyms were")
            ),
            _ if lost > 0 => {
                format!("whether the patient is in this store is not known: {} recorded any more", counted(lost, "result is not", "results are not"))
            }
            _ => "no import in this store has this patient".to_owned(),
        };
        let help = match (&self.key, others) {
            (Some(_), 1..) => format!(
                "{} made with another key: ask with the study whose private directory has it, or by `--pseudonym`",
                counted(others, "kind of import was", "kinds of imports were")
            ),
            (Some(_), 0) => "write the identifier as the imported table has it; spaces around it and the case of letters do not matter".to_owned(),
            (None, _) => "a pseudonym is of one key; `hilum patients STAGE` lists the pseudonyms of an artifact".to_owned(),
        };
        wrong(message).help(help)
    }

    /// Says what the answer cannot know.
    pub(super) fn remark_limits(&self, sought: &Sought) {
        let spaces = sought.namespaces(&self.index);
        if sought.people.len() > 1 {
            let all: Vec<&str> = spaces.into_iter().collect();
            remark(format!("note: this identifier is in several namespaces, which may be different people: {}; --namespace asks for one", all.join(", ")));
        }
        let with = sought.counted_with(&self.pseudonym).len();
        if with > 0 {
            remark(format!(
                "note: {} cannot be told apart from this one, since they share images or were joined; all are counted",
                counted(with, "other pseudonym", "other pseudonyms")
            ));
        }
        let gone = self.index.unreadable_imports();
        if gone > 0 {
            remark(format!(
                "warning: {} removed or damaged: what it says of this patient is not known",
                counted(gone, "table of pseudonyms was", "tables of pseudonyms were")
            ));
        }
        let others = self.key.as_deref().map_or(0, |key| self.index.under_other_keys(key));
        if others > 0 {
            remark(format!(
                "warning: {} made with another key and cannot be asked with this one",
                counted(others, "kind of import was", "kinds of imports were")
            ));
        }
        let anonymous = self.index.anonymous_images();
        if anonymous > 0 {
            remark(format!(
                "note: of {} no patient is known; those with the bytes of a known image of this patient are counted",
                counted(anonymous, "imported image", "imported images")
            ));
        }
    }

    /// The patient and what the answer cannot know, as they begin a document.
    pub(super) fn document(&self, sought: &Sought, images: u64, shared: u64) -> Value {
        json!({
            "pseudonym": self.pseudonym,
            "namespaces": sought.namespaces(&self.index),
            "counted_with": sought.counted_with(&self.pseudonym),
            "images": images,
            "also_under_other_names": shared,
            "unreadable_imports": self.index.unreadable_imports(),
            "imports_under_other_keys": self.key.as_deref().map(|key| self.index.under_other_keys(key)),
            "anonymous_images": self.index.anonymous_images(),
        })
    }

    /// The first line of an answer.
    pub(super) fn heading(&self, sought: &Sought, images: u64, shared: u64) -> String {
        let spaces: Vec<&str> = sought.namespaces(&self.index).into_iter().collect();
        let also = if shared > 0 { format!(", {shared} of them also under other names") } else { String::new() };
        format!("{}   {}   {}{also}", self.pseudonym, spaces.join(", "), counted(images, "image", "images"))
    }
}

fn workspace(args: &PatientArgs) -> anyhow::Result<Workspace> {
    let file = find::study(args.study.as_deref())?;
    if !file.is_file() {
        return Err(wrong("the argument is not the file of a study")
            .help("name the study's file; an identifier is never an argument, since it would stay in the history of the shell: pass it on standard input with --patient-stdin")
            .into());
    }
    Ok(Workspace::of(&file, None, None, BTreeMap::new()))
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
    let help = "write the identifier of one patient: `hilum who-used --patient-stdin STUDY < FILE`";
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
    use hilum_stages::contract::pseudonym::PseudonymKey;

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
