//! The file that a table means, where the table spells it in its own way: without its ending, with directories of another
//! machine, with backslashes, in another case or Unicode form. A name that may mean two files means none.

use crate::contract::source::ListedFile;
use std::cell::OnceCell;
use std::collections::HashMap;
use unicode_normalization::UnicodeNormalization;

/// In which way a file was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    /// Named exactly.
    Exact,
    /// Named with other separators, in another case or another Unicode form.
    Spelling,
    /// In a directory that the name does not give, or without one that it gives.
    Directory,
    /// With another ending, or with one where the name has none.
    Ending,
}

impl Way {
    /// How files that were found in this way are told of.
    pub(super) fn said(self) -> Option<(&'static str, &'static str)> {
        match self {
            Way::Exact => None,
            Way::Spelling => Some(("image was found under a name spelled in another way", "images were found under names spelled in another way")),
            Way::Directory => Some(("image was found in another directory than its name says", "images were found in other directories than their names say")),
            Way::Ending => Some(("image was found under a name with another ending", "images were found under names with other endings")),
        }
    }
}

/// Looks files up by name.
pub(super) struct Finder<'a> {
    files: &'a [ListedFile],
    exact: HashMap<&'a str, &'a ListedFile>,
    loose: OnceCell<Loose<'a>>,
}

/// Files by the last part of their spelling, with and without its ending.
struct Loose<'a> {
    by_name: HashMap<String, Vec<(&'a ListedFile, String)>>,
    by_stem: HashMap<String, Vec<(&'a ListedFile, String)>>,
}

impl<'a> Finder<'a> {
    /// Masks bear the names of the images beside which they lie: only an exact name means one.
    pub(super) fn new(files: &'a [ListedFile]) -> Finder<'a> {
        Finder { files, exact: files.iter().map(|f| (f.name.as_str(), f)).collect(), loose: OnceCell::new() }
    }

    /// The file of this name.
    ///
    /// # Errors
    /// Says in a few words why there is none.
    pub(super) fn find(&self, name: &str) -> Result<(&'a ListedFile, Way), &'static str> {
        if let Some(file) = self.exact.get(name) {
            return Ok((file, Way::Exact));
        }
        let wanted = spelling(name);
        let last = last_of(&wanted);
        let loose = self.loose.get_or_init(|| Loose::of(self.files));
        let named = loose.by_name.get(last).map_or(&[][..], Vec::as_slice);
        // One spelling of the whole name comes before a name in another directory.
        let same: Vec<&ListedFile> = named.iter().filter(|(_, spelled)| *spelled == wanted).map(|(f, _)| *f).collect();
        match same.as_slice() {
            [] => {}
            [file] => return Ok((file, Way::Spelling)),
            _ => return Err("several files have this name"),
        }
        let below: Vec<&ListedFile> = named.iter().filter(|(_, spelled)| is_suffix(spelled, &wanted)).map(|(f, _)| *f).collect();
        match below.as_slice() {
            [] => {}
            [file] => return Ok((file, Way::Directory)),
            _ => return Err("several files have this name in different directories"),
        }
        // A name without an ending may hold dots of its own: both readings are tried.
        let stems = [Some(wanted.as_str()), stem_of(&wanted)].into_iter().flatten();
        for wanted in stems {
            let named = loose.by_stem.get(last_of(wanted)).map_or(&[][..], Vec::as_slice);
            let found: Vec<&ListedFile> = named.iter().filter(|(_, stem)| is_suffix(stem, wanted)).map(|(f, _)| *f).collect();
            match found.as_slice() {
                [] => {}
                [file] => return Ok((file, Way::Ending)),
                _ => return Err("several files have this name with different endings"),
            }
        }
        Err("no such file")
    }
}

impl<'a> Loose<'a> {
    fn of(files: &'a [ListedFile]) -> Loose<'a> {
        let mut loose = Loose { by_name: HashMap::new(), by_stem: HashMap::new() };
        for file in files.iter().filter(|f| !is_mask(&f.name)) {
            let spelled = spelling(&file.name);
            if let Some(stem) = stem_of(&spelled) {
                loose.by_stem.entry(last_of(stem).to_owned()).or_default().push((file, stem.to_owned()));
            }
            loose.by_name.entry(last_of(&spelled).to_owned()).or_default().push((file, spelled));
        }
        loose
    }
}

/// True for a file in a directory of masks: drawings of lungs or findings with the names of the images that they belong to.
pub(super) fn is_mask(name: &str) -> bool {
    let directories = name.rsplit_once('/').map_or("", |(directories, _)| directories);
    directories.split('/').any(|d| {
        let d = d.to_ascii_lowercase();
        matches!(d.as_str(), "mask" | "masks") || [" mask", " masks", "_mask", "_masks", "-mask", "-masks"].iter().any(|end| d.ends_with(end))
    })
}

/// One spelling of a name: composed, in small letters, `/` between its parts, none of them empty or `.`.
fn spelling(name: &str) -> String {
    let name: String = name.nfc().collect::<String>().to_lowercase().replace('\\', "/");
    let parts: Vec<&str> = name.split('/').map(str::trim).filter(|part| !part.is_empty() && *part != ".").collect();
    parts.join("/")
}

fn last_of(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// A name without its ending: one to five letters or digits behind the last dot, one of them a letter.
fn stem_of(name: &str) -> Option<&str> {
    let (stem, ending) = name.rsplit_once('.')?;
    let is_ending = (1..=5).contains(&ending.len()) && ending.chars().all(|c| c.is_ascii_alphanumeric()) && ending.chars().any(|c| c.is_ascii_alphabetic());
    (is_ending && !last_of(stem).is_empty()).then_some(stem)
}

/// True where one name ends with the other, part by part: a table may know more directories than there are, or fewer.
fn is_suffix(a: &str, b: &str) -> bool {
    let (long, short) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    long.strip_suffix(short).is_some_and(|before| before.is_empty() || before.ends_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hilum_cache::Digest;

    fn found(files: &[&str], name: &str) -> Result<(String, Way), &'static str> {
        let files: Vec<ListedFile> =
            files.iter().map(|n| ListedFile { name: (*n).into(), path: (*n).into(), digest: Digest::of(n.as_bytes()), note: String::new() }).collect();
        Finder::new(&files).find(name).map(|(f, way)| (f.name.clone(), way))
    }

    #[test]
    fn names_are_found_as_tables_spell_them() {
        let files = ["images_001/images/00000001_000.png", "f0.png", "sub/A B.JPG", "cafe\u{301}.png", "1.2.840.1.png", "masks/f0.png"];
        let cases = [
            ("f0.png", "f0.png", Way::Exact),
            ("masks/f0.png", "masks/f0.png", Way::Exact),
            ("./f0.png", "f0.png", Way::Spelling),
            ("F0.PNG", "f0.png", Way::Spelling),
            ("sub\\a b.jpg", "sub/A B.JPG", Way::Spelling),
            ("caf\u{e9}.png", "cafe\u{301}.png", Way::Spelling),
            ("00000001_000.png", "images_001/images/00000001_000.png", Way::Directory),
            ("/home/me/data/f0.png", "f0.png", Way::Directory),
            ("C:\\data\\f0.png", "f0.png", Way::Directory),
            ("f0", "f0.png", Way::Ending),
            ("f0.dcm", "f0.png", Way::Ending),
            ("1.2.840.1", "1.2.840.1.png", Way::Ending),
            ("a b", "sub/A B.JPG", Way::Ending),
        ];
        for (name, file, way) in cases {
            assert_eq!(found(&files, name), Ok((file.to_owned(), way)), "{name}");
        }
    }

    #[test]
    fn a_name_that_may_mean_two_files_means_none() {
        assert_eq!(found(&["a/x.png", "b/x.png"], "x.png"), Err("several files have this name in different directories"));
        assert_eq!(found(&["x.png", "x.jpg"], "x"), Err("several files have this name with different endings"));
        assert_eq!(found(&["X.png", "x.PNG"], "x.png"), Err("several files have this name"));
        assert_eq!(found(&["train/x.png"], "test/x.png"), Err("no such file"), "directories that contradict each other");
        assert_eq!(found(&["ab.png"], "b.png"), Err("no such file"), "parts of a name are compared, not letters");
        assert_eq!(found(&["x.png"], ""), Err("no such file"));
    }

    #[test]
    fn masks_are_told_by_their_directories() {
        for mask in ["covid/masks/a.png", "lung masks/a.png", "Train/COVID-19/infection_masks/a.png", "Mask/a.png"] {
            assert!(is_mask(mask), "{mask}");
        }
        for image in ["masks.png", "unmasked/a.png", "masked/a.png", "covid/images/a.png", "damask/a.png"] {
            assert!(!is_mask(image), "{image}");
        }
    }
}
