//! A directory per class, and below it perhaps one per patient.
//!
//! A directory below the class is a patient where there are several of them, and one name is one person, whatever the
//! class: somebody may have images before and after a finding. Names that only say that images lie here are nobody's.

use super::samples::{LeftOut, Row, Whose};
use crate::contract::source::ListedFile;
use crate::data::pseudonym::normalised;
use std::collections::BTreeSet;

/// Names of directories that say what lies there, not whose it is.
const CONTAINERS: &[&str] = &["images", "image", "imgs", "img", "masks", "png", "jpg", "jpeg", "files", "data"];

pub(super) fn rows(images: &[ListedFile], left_out: &mut LeftOut) -> Vec<Row> {
    let mut rows = vec![];
    for file in images {
        let Some((label, rest)) = file.name.split_once('/') else {
            left_out.count("beside the class directories, in none of them");
            continue;
        };
        let patient = patient(rest).map_or(Whose::Unknown, Whose::named);
        rows.push(Row { patient, file: file.name.clone(), label: label.into(), ..Row::default() });
    }
    // A single name, however many classes it stands below, is how somebody packed the files.
    let names: BTreeSet<String> = images.iter().filter_map(|f| Some(normalised(patient(f.name.split_once('/')?.1)?))).collect();
    if names.len() < 2 {
        rows.iter_mut().for_each(|r| r.patient = Whose::Unknown);
    }
    rows
}

/// The first directory below the class that is no mere container.
fn patient(below_class: &str) -> Option<&str> {
    let (directories, _) = below_class.rsplit_once('/')?;
    directories.split('/').find(|d| !CONTAINERS.contains(&d.to_ascii_lowercase().as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hilum_cache::Digest;

    fn whose(names: &[&str]) -> Vec<Option<String>> {
        let file = |n: &&str| ListedFile { name: (*n).into(), path: (*n).into(), digest: Digest::of(n.as_bytes()), note: String::new() };
        let named = |r: Row| if let Whose::Named(name) = r.patient { Some(name) } else { None };
        rows(&names.iter().map(file).collect::<Vec<_>>(), &mut LeftOut::default()).into_iter().map(named).collect()
    }

    #[test]
    fn one_name_under_two_classes_is_one_patient() {
        let found = whose(&["covid/P1/a.png", "normal/p1/day-2/b.png", "normal/P2/c.png"]);
        assert_eq!(found, [Some("P1".into()), Some("P1".into()), Some("P2".into())]);
    }

    #[test]
    fn directories_that_only_hold_files_are_nobody() {
        assert_eq!(whose(&["covid/images/a.png", "covid/masks/a.png", "normal/Images/b.png"]), [None, None, None]);
        assert_eq!(whose(&["covid/archive/a.png", "normal/archive/b.png"]), [None, None], "one name only");
        assert_eq!(whose(&["covid/images/P1/a.png", "normal/images/P2/b.png", "normal/c.png"]), [Some("P1".into()), Some("P2".into()), None]);
    }
}
