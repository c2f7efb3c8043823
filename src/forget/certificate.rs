//! The certificate of an erasure: what was computed again, what is known of it, what was removed, and what is out of reach. It names no
//! patient: no identifier, pseudonym or token, and no digest of an image. Independent of how it is shown.

use super::compared::Compared;
use super::objects::Taken;
use super::proof::OfStage;
use crate::workspace::Forgotten;
use serde::{Deserialize, Serialize};

/// The certificate of an erasure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// What it is: `erasure`.
    pub certificate: String,
    /// The version of this document.
    pub v: u32,
    /// The study.
    pub study: String,
    /// The run whose results are those without the patient.
    pub run: Option<String>,
    /// The head of the ledger before the erasure, as SHA-256; none where no run had ended.
    pub head: Option<String>,
    /// What is known of each stage of the study.
    pub stages: Vec<OfStage>,
    /// What was removed of the store.
    pub erased: Counts,
    /// What was removed of the private directory.
    pub private: Private,
    /// The comparison with another store; none if none was named.
    pub compared: Option<Compared>,
    /// What is shown by this, in words.
    pub shown: Vec<String>,
    /// What is out of its reach.
    pub not_reached: Vec<NotReached>,
}

/// What was removed of a store.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Results that contained the patient or were influenced.
    pub results: usize,
    /// Results of which that was not known.
    pub not_known: usize,
    /// Results that stay, since a result without the patient has the same bytes.
    pub equal: usize,
    /// Objects.
    pub objects: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Lists of images among them.
    pub lists: usize,
    /// Objects among them that no result had.
    pub unclaimed: usize,
    /// Trainings whose checkpoints were removed.
    pub checkpoints: usize,
    /// Objects of an earlier erasure that was interrupted.
    pub resumed: usize,
}

/// What was removed of the private directory.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Private {
    /// Entries of the map of images.
    pub image_paths: usize,
    /// Entries of memos of files.
    pub remembered_files: usize,
    /// Rows of lists of left-out files.
    pub left_out_rows: usize,
    /// Lists of left-out files.
    pub left_out_lists: usize,
}

impl Private {
    /// As it was removed.
    pub fn of(forgotten: Forgotten) -> Private {
        let Forgotten { paths, remembered, rows, lists } = forgotten;
        Private { image_paths: paths, remembered_files: remembered, left_out_rows: rows, left_out_lists: lists }
    }
}

/// Something out of reach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotReached {
    /// What.
    pub what: String,
    /// What is to be said of it.
    pub why: String,
}

/// What every certificate shows.
const SHOWN: [&str; 3] = [
    "Every current result of the study of a bitwise kind below its imports has a recipe whose inputs, and theirs up to the imports, are \
     results that the patient neither is in nor influenced, and lists without the patient's images. This was read from the receipts. A \
     study that never saw the patient has the same recipes, and so the same keys and the same bytes; kinds that are bitwise on an engine, \
     on that engine.",
    "Kinds that promise statistics only were computed again without the patient. That their bytes are those of a study that never saw the \
     patient is not proved.",
    "Whether the bytes are equal can be tested: run the study in a fresh directory that never had the patient, and then `hilum forget \
     --check` with this certificate there.",
];

/// What no erasure reaches.
const OUT_OF_REACH: [(&str, &str); 8] = [
    ("imported files", "They are the user's, and hilum never removes any. The imports of the study did not see the patient any more."),
    ("exports", "What was copied, sent or published is not known to the store, and neither are models that others made of it."),
    ("remotes and other stores", "Whoever holds a copy of the store, or has imported the same patient, has to be asked."),
    ("backups", "Backups and snapshots of the disk are not known. What was removed may be recovered from a disk until it is overwritten."),
    (
        "journals and recipes",
        "Journals are never changed. Their recipes have digests of lists of images and of tables, which are not keyed: whoever has a file can \
         compute its digest, and tell that a list which only named such images was used. The lists and the tables were removed.",
    ),
    ("pinned splits", "Files in which a split was written down outside of the store may name the patient's images."),
    ("results and reports elsewhere", "Results that were written to other directories, and reports, stay until somebody removes them."),
    ("the pseudonym key", "It stays: other patients are known by it."),
];

impl Certificate {
    /// Adds what is out of reach of this erasure, besides what is out of reach of all.
    pub fn reaching(mut self, taken: &Taken, more: Vec<NotReached>) -> Certificate {
        let known = OUT_OF_REACH.map(|(what, why)| NotReached { what: what.into(), why: why.into() });
        self.not_reached.extend(known);
        self.not_reached.extend(more);
        if taken.unreadable > 0 {
            let why = format!("{} objects that no result has stay, since a journal that cannot be read to its end may need them", taken.unreadable);
            self.not_reached.push(NotReached { what: "objects of journals that cannot be read".into(), why });
        }
        if !taken.other_studies.is_empty() {
            let all: Vec<&str> = taken.other_studies.iter().map(String::as_str).collect();
            let why = format!(
                "Results of {} in this store were erased, too: run it again once the patient is removed from its files, which were not looked at. \
                 Its directory of results was left as it is.",
                all.join(", ")
            );
            self.not_reached.push(NotReached { what: "other studies".into(), why });
        }
        self.shown = SHOWN.map(str::to_owned).to_vec();
        self
    }

    /// The document: canonical JSON, with a line feed.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = hilum_cache::canonical::to_bytes(self);
        bytes.push(b'\n');
        bytes
    }

    /// Reads a document; none if it is none of an erasure.
    pub fn read(bytes: &[u8]) -> Option<Certificate> {
        serde_json::from_slice::<Certificate>(bytes).ok().filter(|read| read.certificate == "erasure" && read.v == 1)
    }
}
