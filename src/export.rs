//! `hilum export`: what a run did and made, in formats that programs of others read. Every export is one file and one row of
//! [`EXPORTS`]. Independent of arguments, of the machine, and of how anything is printed.
//!
//! An export is written beside its place and read again before it gets there: every file must have the digest that the document
//! says, and none may hold what must not leave this machine.

mod artifacts;
mod cards;
mod claims;
mod croissant;
mod cyclonedx;
mod dicom;
mod directory;
mod error;
mod facts;
mod forbidden;
mod in_toto;
mod licence;
mod measured;
mod ro_crate;
mod synthetic;
mod taken;
mod times;
mod vouched;

pub use error::{Error, Result};
pub use forbidden::Forbidden;
pub use licence::Licence;

use claims::Claim;
use directory::Directory;
use facts::Facts;
use hilum_cache::evidence::SigningKey;
use hilum_cache::{Ledger, Store};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

/// A format that a run can be exported to.
pub struct Export {
    /// The name on the command line.
    pub name: &'static str,
    /// What it is, in a few words.
    pub about: &'static str,
    /// The file that describes all others.
    pub document: &'static str,
    /// True if what it writes can be signed.
    pub is_signed: bool,
    /// Writes all files but the document, and gives its content.
    write: fn(&Facts, &Terms, &mut Directory) -> Result<Value>,
    /// What the document, as it was read again, says of the files beside it.
    claims: fn(&Value) -> Vec<Claim>,
}

/// All exports.
pub const EXPORTS: &[Export] = &[ro_crate::EXPORT, in_toto::EXPORT, croissant::EXPORT, cyclonedx::EXPORT, dicom::EXPORT, cards::EXPORT];

/// Under which conditions a run is passed on, and who vouches for it.
pub struct Terms<'a> {
    /// The licence.
    pub licence: Licence,
    /// The key that signs, where the format has signatures; unsigned where there is none.
    pub signer: Option<&'a SigningKey>,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// Files, with the document.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// What whoever passes it on has to know, in sentences.
    pub remarks: Vec<String>,
}

impl Export {
    /// The export of this name.
    pub fn find(name: &str) -> Option<&'static Export> {
        EXPORTS.iter().find(|export| export.name == name)
    }

    /// Exports a run into a directory that does not exist or is empty. On an error, nothing is left behind.
    ///
    /// # Errors
    /// If there is something in the directory, the run has nothing for this export, its journal was altered, an object of it is damaged
    /// or missing without having been removed, or what was written is not what it should be.
    pub fn write(&self, store: &Store, ledger: &Ledger, run: &str, to: &Path, terms: &Terms, forbidden: &Forbidden) -> Result<Exported> {
        let facts = Facts::read(store, ledger, run)?;
        let mut directory = Directory::beside(to)?;
        if let Some(why) = facts.incomplete() {
            directory.remark(why);
        }
        let document = (self.write)(&facts, terms, &mut directory)?;
        directory.put(self.document, &pretty(&document))?;
        let (files, bytes) = directory.check(self, forbidden)?;
        let remarks = directory.take_remarks();
        directory.finish()?;
        Ok(Exported { files, bytes, remarks })
    }
}

/// JSON as it is written: sorted, indented, the same bytes for the same content.
fn pretty(document: &Value) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(document).expect("BUG: plain JSON");
    bytes.push(b'\n');
    bytes
}

/// A name for files and ids that no earlier set has.
fn plain_name(stage: &str, taken: &mut BTreeSet<String>) -> String {
    let plain: String = stage.chars().map(|c| if c.is_ascii_alphanumeric() || "-.".contains(c) { c } else { '_' }).collect();
    let plain = plain.trim_start_matches('.').to_owned();
    let candidates = std::iter::once(plain.clone()).chain((2..).map(|n| format!("{plain}_{n}")));
    let name = candidates.into_iter().find(|name| !name.is_empty() && !taken.contains(name)).expect("BUG: numbers do not end");
    taken.insert(name.clone());
    name
}
