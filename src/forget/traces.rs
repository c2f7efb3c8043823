//! What a store and the private directory know of a patient: pseudonyms, tokens, images and the names of their files. It lives as long as
//! the command and is written nowhere. Independent of what is done with it.

use crate::patients::Sought;
use crate::tables::Tables;
use hilum_cache::{Digest, Error, Ledger, Result, Store};
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::contract::pseudonym::PseudonymKey;
use hilum_stages::kinds::import::identifiers;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What is known of a patient.
#[derive(Clone, Default)]
pub struct Traces {
    /// The pseudonyms that were asked for.
    pub pseudonyms: BTreeSet<String>,
    /// Pseudonyms of others who cannot be told apart from the patient by old tables.
    pub others: BTreeSet<String>,
    /// Tokens, some of which may stand for others, too.
    pub tokens: BTreeSet<String>,
    /// Images that any table of the store has under one of these tokens.
    pub images: BTreeSet<Digest>,
    /// Where files with these images are, or were.
    pub paths: Vec<PathBuf>,
    /// Patterns by which imports of the store find identifiers in longer texts.
    pub patterns: BTreeSet<String>,
}

impl Traces {
    /// Collects what the store knows of those who are sought by these pseudonyms.
    ///
    /// # Errors
    /// If the store cannot be read. A table that is gone says nothing.
    pub fn of(sought: &Sought, pseudonyms: &BTreeSet<String>, store: &Store, ledger: &Ledger) -> Result<Traces> {
        let names = || sought.people.iter().flat_map(|person| &person.names);
        let others = names().filter(|name| name.is_pseudonym && !pseudonyms.contains(&name.text)).map(|name| name.text.clone());
        let tokens = names().filter(|name| !name.is_pseudonym).map(|name| name.text.clone());
        let mut traces = Traces { pseudonyms: pseudonyms.clone(), others: others.collect(), tokens: tokens.collect(), ..Traces::default() };
        if traces.tokens.is_empty() {
            return Ok(traces);
        }
        let (tables, mut seen) = (Tables::default(), BTreeSet::new());
        for (receipt, _) in ledger.receipts() {
            for table in receipt.outputs.values().filter(|a| ArtifactType::Samples.is(a)) {
                if !seen.insert(table.digest) {
                    continue;
                }
                match tables.samples(store, table) {
                    Ok(rows) => traces.images.extend(rows.iter().filter(|row| traces.tokens.contains(&row.patient)).map(|row| row.image)),
                    Err(Error::Missing(_) | Error::Damaged(_) | Error::Record { .. } | Error::Foreign { .. }) => {}
                    Err(e) => return Err(e),
                }
            }
        }
        Ok(traces)
    }

    /// True if the name of a file, as a list or a table spells it, is that of an image of the patient: by its digest or by its path.
    pub fn has_file(&self, name: &str) -> bool {
        let is_image = || name.parse().is_ok_and(|digest: Digest| self.images.contains(&digest));
        let is_path = || !name.is_empty() && self.paths.iter().any(|path| path.ends_with(Path::new(name)) || Path::new(name) == path);
        is_image() || is_path()
    }

    /// The same, or if a directory in the name, or what the pattern of an import finds in it, is the identifier. A file may be called as
    /// somebody else is, and is not meant.
    pub fn has_name(&self, name: &str, key: Option<&PseudonymKey>) -> bool {
        self.has_file(name) || key.is_some_and(|key| self.is_named_in(name, key))
    }

    fn is_named_in(&self, name: &str, key: &PseudonymKey) -> bool {
        let is_theirs = |identifier: &String| self.pseudonyms.contains(&key.pseudonym(identifier));
        let by_pattern = |pattern: &String| identifiers(&json!({ "patient": { "pattern": pattern } }), name).parts.iter().any(is_theirs);
        let directories = name.rsplit_once(['/', '\\']).map_or("", |(above, _)| above).split(['/', '\\']);
        let mut whole = directories.flat_map(|part| identifiers(&Value::Null, part).whole);
        self.patterns.iter().any(by_pattern) || whole.any(|part| is_theirs(&part))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_theirs_by_its_image_its_path_or_its_name() {
        let key = PseudonymKey::new([1; 32]);
        let traces = Traces {
            pseudonyms: [key.pseudonym("P7")].into(),
            images: [Digest::of(b"image")].into(),
            paths: vec!["/data/img/x.png".into()],
            patterns: ["who=(P[0-9]+)".to_owned()].into(),
            ..Traces::default()
        };
        for theirs in [&Digest::of(b"image").to_string(), "x.png", "img/x.png", "/data/img/x.png", "covid/p7/1.png", "a-who=P7-b.png"] {
            assert!(traces.has_name(theirs, Some(&key)), "{theirs}");
        }
        for other in [&Digest::of(b"other").to_string(), "P7.png", "ax.png", "", "P71.png", "covid/P8/x1.png", "a-who=P78-b.png"] {
            assert!(!traces.has_name(other, Some(&key)), "{other}");
        }
        assert!(!traces.has_name("covid/P7/1.png", None), "without the key, a name says nothing");
    }
}
