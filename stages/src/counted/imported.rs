//! The table that an import would make, from its parameters and what they name, before it has run. Independent of whether the files
//! were hashed or are only known by their names.

use crate::contract::context::{LeftOut, Said};
use crate::contract::prelude::*;
use crate::contract::pseudonym::PseudonymKey;
use crate::contract::source::Listing;
use crate::data::patients::Identity;
use crate::data::sample::Samples;
use crate::kinds::import::{Import, Inputs};
use crate::kinds::split::Split;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Mutex;

/// What an import would make.
pub struct Imported {
    /// The table of its images.
    pub samples: Samples,
    /// The pseudonyms of its patients.
    pub patients: Vec<Identity>,
    /// Files that it would leave out.
    pub left_out: Vec<LeftOut>,
}

/// The table of an import that is given these files; none of other kinds, and where it would fail: the run says why.
pub fn imported(kind: &str, parameters: &Value, sources: BTreeMap<String, Listing>) -> Option<Samples> {
    // Tokens of patients follow from their images; pseudonyms, which follow from the key, are not looked at.
    imported_with(kind, parameters, sources, PseudonymKey::new([0; 32])).map(|imported| imported.samples)
}

/// Everything that it would make with this key; none as for [`imported`].
pub fn imported_with(kind: &str, parameters: &Value, sources: BTreeMap<String, Listing>, key: PseudonymKey) -> Option<Imported> {
    let stage: Import = (kind == Import::NAME).then(|| serde_json::from_value(parameters.clone()).ok())??;
    if !stage.sources().iter().all(|source| sources.contains_key(&source.parameter)) {
        return None;
    }
    let left_out = Mutex::new(vec![]);
    let report = |said: Said| {
        if let Said::LeftOut(files) = said {
            left_out.lock().expect("BUG: poisoned").extend(files);
        }
    };
    let cx = Context { sources, pseudonyms: Some(key), report: &report, ..Context::bare(Import::NAME, None) };
    let out = stage.run(Inputs {}, &cx).ok()?;
    drop(cx);
    Some(Imported { samples: out.samples, patients: out.patients.rows, left_out: left_out.into_inner().expect("BUG: poisoned") })
}

/// True for a split that may tear a patient's images apart: whether it does follows from who the patients are.
pub fn tears_apart(kind: &str, parameters: &Value) -> bool {
    kind == Split::NAME && parameters["by"] == "image"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::source::ListedFile;
    use crate::data::inspect;
    use hilum_cache::Digest;
    use serde_json::json;

    #[test]
    fn a_table_says_who_the_patients_are_before_an_image_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.csv");
        std::fs::write(&path, "patient,file,finding\nA,1.png,covid\nA,2.png,covid\nB,3.png,normal\nC,4.png,normal\n").unwrap();
        let file = |name: &str, path: &Path, digest: Digest| ListedFile { name: name.into(), path: path.into(), digest, note: inspect::UNREAD.into() };
        let images = ["1.png", "2.png", "3.png"].map(|name| file(name, Path::new("nowhere"), Digest::of(name.as_bytes())));
        let listing = |files: Vec<ListedFile>| Listing { digest: Digest::of(b""), files, passed_over: vec![] };
        let table = file("t.csv", &path, Digest::of(&std::fs::read(&path).unwrap()));
        let sources = BTreeMap::from([("images".to_owned(), listing(images.to_vec())), ("table".to_owned(), listing(vec![table]))]);
        let with = json!({ "images": "i", "table": "t.csv", "columns": { "patient": "patient", "file": "file", "label": "finding" } });
        let found = imported("import", &with, sources.clone()).unwrap();
        assert_eq!((found.rows.len(), found.has_one_image_a_patient()), (3, false));
        let key = PseudonymKey::new([7; 32]);
        let whole = imported_with("import", &with, sources.clone(), key.clone()).unwrap();
        let pseudonyms: Vec<String> = whole.patients.iter().map(|p| p.pseudonym.clone()).collect();
        assert!(whole.samples.rows == found.rows && ["A", "B"].iter().all(|who| pseudonyms.contains(&key.pseudonym(who))), "{pseudonyms:?}");
        assert_eq!(whole.left_out.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), ["4.png"]);
        let without = [("split", with.clone(), sources.clone()), ("import", with, BTreeMap::new()), ("import", json!({ "images": "i" }), sources)];
        for (kind, parameters, sources) in without {
            assert!(imported(kind, &parameters, sources).is_none(), "{kind} {parameters}");
        }
        assert!(tears_apart("split", &json!({ "by": "image" })) && !tears_apart("split", &json!({ "by": "patient" })));
    }
}
