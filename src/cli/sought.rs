//! Whom a question is about: an identifier from standard input, which becomes a pseudonym at once, or a pseudonym. No message, document
//! or error repeats what was typed in the place of a patient: it may be an identifier.

mod named;

pub(super) use named::Named;

use super::{StoreArgs, WrongCall, complete, find, open, wrong};
use crate::patients::{self, Index, Person, Sought, Tombstone};
use crate::progress::remark;
use crate::workspace::Workspace;
use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use hilum_stages::contract::pseudonym::PseudonymKey;
use hilum_stages::words::counted;
use named::{spelled, text_of};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The verbs that ask for a patient.
pub(super) const VERBS: [&str; 3] = ["who-used", "erase-plan", "forget"];

/// What to do where the arguments do not fit.
pub(super) const HELP: &str =
    "write `--patient-stdin STUDY < FILE` or `--pseudonym p:…`; an identifier is never an argument, since it would stay in the history of the shell";

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
    /// That of the one who was found, or of what was given.
    pseudonym: String,
    /// Those of all who were found.
    pub(super) pseudonyms: BTreeSet<String>,
    /// The places of those who were found among the people of the index.
    people: Vec<usize>,
    /// True if only a part of what was given is an identifier, as the pattern of an import says.
    is_part: bool,
    namespace: Option<String>,
    /// The fingerprint of the key, where the pseudonym was made with one.
    key: Option<String>,
}

impl Question {
    /// Reads whom the question is about, and opens the index of the store.
    ///
    /// # Errors
    /// If the call is wrong, the key cannot be used, or the store cannot be read.
    pub(super) fn of(args: &PatientArgs) -> anyhow::Result<Question> {
        let (whom, beside) = match &args.pseudonym {
            Some(_) => (Named::of(args.pseudonym.as_deref(), None)?, args.study.as_ref().map(|_| workspace(args)).transpose()?),
            None => {
                let workspace = workspace(args)?;
                (Named::of(None, Some(&workspace))?, Some(workspace))
            }
        };
        let named = super::store_or_environment(args.store.store.as_ref()).or_else(|| beside.map(|workspace| workspace.store));
        let (store, ledger) = open::store(&StoreArgs { store: named, json: args.store.json })?;
        open::remark_ledger(&store, &ledger)?;
        Ok(Question::to(patients::open(&store)?, &whom, args.namespace.as_deref()))
    }

    /// A question to an index that is open.
    pub(super) fn to(index: Index, whom: &Named, namespace: Option<&str>) -> Question {
        let place = |person: &Person| index.people.iter().position(|known| std::ptr::eq(known, person)).expect("BUG: it is one of them");
        let (found, given, key) = match whom {
            Named::Pseudonym(text) => {
                (index.find(text, namespace).people.into_iter().map(|person| (place(person), text.clone())).collect(), text.clone(), None)
            }
            Named::Identifier(text, key) => {
                let found = index.find_spelled(&|patterns| spelled(text, patterns, key), namespace);
                let found: Vec<(usize, String)> = found.into_iter().map(|(person, pseudonym)| (place(person), pseudonym)).collect();
                (found, key.pseudonym(text), Some(key))
            }
        };
        let whole = key.map(|key| spelled(text_of(whom), &[], key)[0].clone()).unwrap_or_default();
        let is_part = key.is_some() && found.iter().any(|(_, pseudonym)| !whole.contains(pseudonym));
        let pseudonym = found.first().map_or(given, |(_, pseudonym)| pseudonym.clone());
        let (people, pseudonyms) = found.into_iter().unzip();
        Question { people, pseudonyms, is_part, pseudonym, namespace: namespace.map(str::to_owned), key: key.map(PseudonymKey::fingerprint), index }
    }

    /// The patient. Nobody, where no import has the patient that is left, and some were erased.
    ///
    /// # Errors
    /// If no import of the store has the patient, and none was erased.
    pub(super) fn sought(&self) -> anyhow::Result<Sought<'_>> {
        let people: Vec<&Person> = self.people.iter().map(|at| &self.index.people[*at]).collect();
        let is_elsewhere = || self.namespace.is_some() && !self.index.find(&self.pseudonym, None).people.is_empty();
        let may_be_erased = self.index.erased_imports() > 0 && self.index.unreadable_imports() == 0 && self.index.lost_results() == 0;
        match people.is_empty() && (!may_be_erased || is_elsewhere()) {
            true => Err(self.unknown().into()),
            false => Ok(Sought { people }),
        }
    }

    /// Lines on what was erased, of whomever.
    pub(super) fn erased(&self) -> Vec<String> {
        let line = |(by, count): (&Tombstone, usize)| format!("erased: {}, by line {} of run {}", counted(count, "result", "results"), by.line, by.run);
        self.index.erased().into_iter().map(line).collect()
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
            (Some(_), 0) => "write the identifier as the imported table has it, or the part of it that the study's `pattern` takes; spaces around it and the case of letters do not matter".to_owned(),
            (None, _) => "a pseudonym is of one key; `hilum patients STAGE` lists the pseudonyms of an artifact".to_owned(),
        };
        wrong(message).help(help)
    }

    /// Says what the answer cannot know.
    pub(super) fn remark_limits(&self, sought: &Sought) {
        if sought.people.is_empty() {
            remark(format!(
                "note: no import that is left has this patient; {} erased, and nobody can say any more who was in them",
                counted(self.index.erased_imports(), "kind of import was", "kinds of imports were")
            ));
        }
        if self.is_part {
            remark("note: a part of what was given is the identifier, as the pattern of an import says");
        }
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

    /// Imports of which nobody can tell whether the patient is in them: what they are called, and what is to be said of them.
    pub(super) fn limits(&self) -> Vec<(&'static str, String)> {
        let others = self.key.as_deref().map_or(0, |key| self.index.under_other_keys(key));
        let (gone, anonymous) = (self.index.unreadable_imports(), self.index.anonymous_images());
        let mut out = vec![];
        if others > 0 {
            let why = "made with another key: whether the patient is in them, and in what was made of them, was not asked";
            out.push(("imports under other keys", format!("{} {why}", counted(others, "kind of import was", "kinds of imports were"))));
        }
        if gone > 0 {
            let why = "removed or damaged: whom they named is not known";
            out.push(("tables of pseudonyms", format!("{} {why}", counted(gone, "table was", "tables were"))));
        }
        if anonymous > 0 {
            let why = "imported without a patient; those with the bytes of an image that is known to be the patient's were taken";
            out.push(("images of no known patient", format!("{} {why}", counted(anonymous, "image was", "images were"))));
        }
        out
    }

    /// The patient and what the answer cannot know, as they begin a document.
    pub(super) fn document(&self, sought: &Sought, images: u64, shared: u64) -> Value {
        json!({
            "pseudonym": self.pseudonym,
            "namespaces": sought.namespaces(&self.index),
            "erased": self.index.erased().iter().map(|(by, count)| json!({ "run": by.run, "line": by.line, "results": count })).collect::<Vec<Value>>(),
            "erased_imports": self.index.erased_imports(),
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
        let mut spaces: Vec<&str> = sought.namespaces(&self.index).into_iter().collect();
        if spaces.is_empty() {
            spaces.push("in no import that is left");
        }
        let also = if shared > 0 { format!(", {shared} of them also under other names") } else { String::new() };
        format!("{}   {}   {}{also}", self.pseudonym, spaces.join(", "), counted(images, "image", "images"))
    }
}

fn workspace(args: &PatientArgs) -> anyhow::Result<Workspace> {
    let file = find::study(args.study.as_deref())?;
    is_file(&file)?;
    Ok(Workspace::of(&file, None, None, BTreeMap::new()))
}

/// Refuses what is no file without repeating it.
///
/// # Errors
/// If it is none.
pub(super) fn is_file(file: &Path) -> anyhow::Result<()> {
    if file.is_file() {
        return Ok(());
    }
    Err(wrong("the argument is not the file of a study")
        .help("name the study's file; an identifier is never an argument, since it would stay in the history of the shell: pass it on standard input with --patient-stdin")
        .into())
}
