//! Finds the file that a table means where the table spells its name differently: without the extension, with
//! directories of another machine, with backslashes, in another case or Unicode form. A name that may mean two files
//! matches none.

use crate::contract::source::ListedFile;
use crate::data::names::{is_mask, is_suffix, last_of, spelling, stem_of};
use std::cell::OnceCell;
use std::collections::HashMap;

/// Why no file is found for a name that no file has.
const NO_FILE: &str = "no such file";

/// How a name matched a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    /// The names are equal.
    Exact,
    /// They differ in separators, case or Unicode form.
    Spelling,
    /// One has directories that the other does not have.
    Directory,
    /// Their extensions differ, or the name has none.
    Extension,
}

impl Way {
    /// What the note about such files says, for one and for several.
    pub(super) fn words(self) -> Option<(&'static str, &'static str)> {
        match self {
            Way::Exact => None,
            Way::Spelling => Some(("image was found under a different spelling of its name", "images were found under different spellings of their names")),
            Way::Directory => Some(("image was found in another directory than the one named", "images were found in other directories than those named")),
            Way::Extension => Some(("image was found with another extension", "images were found with other extensions")),
        }
    }
}

/// Looks files up by name.
pub(super) struct Finder<'a> {
    files: &'a [ListedFile],
    exact: HashMap<&'a str, &'a ListedFile>,
    /// Names that exist but must not be taken, and why: a name that matches one of them matches no other file.
    barred: HashMap<String, &'a str>,
    loose: OnceCell<Loose<'a>>,
}

/// Files by the last part of their spelling, with and without the extension.
struct Loose<'a> {
    by_name: HashMap<String, Vec<(&'a ListedFile, String)>>,
    by_stem: HashMap<String, Vec<(&'a ListedFile, String)>>,
}

impl<'a> Finder<'a> {
    /// `barred` are names that exist but must not be taken, and why.
    pub(super) fn new(files: &'a [ListedFile], barred: impl Iterator<Item = (&'a str, &'a str)>) -> Finder<'a> {
        let barred = barred.map(|(name, why)| (spelling(name), why)).collect();
        Finder { files, exact: files.iter().map(|f| (f.name.as_str(), f)).collect(), barred, loose: OnceCell::new() }
    }

    /// The file of this name.
    ///
    /// # Errors
    /// Says in a few words why there is no such file.
    pub(super) fn find(&self, name: &str) -> Result<(&'a ListedFile, Way), &'a str> {
        if let Some(file) = self.exact.get(name) {
            return Ok((file, Way::Exact));
        }
        let wanted = spelling(name);
        if let Some(why) = self.barred.get(&wanted) {
            return Err(why);
        }
        let last = last_of(&wanted);
        let loose = self.loose.get_or_init(|| Loose::of(self.files));
        let named = loose.by_name.get(last).map_or(&[][..], Vec::as_slice);
        // A match of the full name comes before a match in another directory. A mask has the name of the image that it belongs
        // to, so that only its full name matches it.
        match one(named.iter().filter(|(_, spelled)| *spelled == wanted)) {
            Err(()) => return Err("several files have this name"),
            Ok(Some(file)) => return Ok((file, Way::Spelling)),
            Ok(None) => {}
        }
        match one(named.iter().filter(|(file, spelled)| !is_mask(&file.name) && is_suffix(spelled, &wanted))) {
            Err(()) => return Err("several files have this name in different directories"),
            Ok(Some(file)) => return Ok((file, Way::Directory)),
            Ok(None) => {}
        }
        // A name without an extension may contain dots: both readings are tried.
        for wanted in [Some(wanted.as_str()), stem_of(&wanted)].into_iter().flatten() {
            let named = loose.by_stem.get(last_of(wanted)).map_or(&[][..], Vec::as_slice);
            match one(named.iter().filter(|(file, stem)| !is_mask(&file.name) && is_suffix(stem, wanted))) {
                Err(()) => return Err("several files have this name with different extensions"),
                Ok(Some(file)) => return Ok((file, Way::Extension)),
                Ok(None) => {}
            }
        }
        Err(NO_FILE)
    }
}

impl Finder<'_> {
    /// True for a name that some file has, whether or not it can be taken.
    pub(super) fn is_known(&self, name: &str) -> bool {
        self.find(name) != Err(NO_FILE)
    }
}

/// The only item; an error if there are several.
fn one<'a, 'b>(mut found: impl Iterator<Item = &'b (&'a ListedFile, String)>) -> Result<Option<&'a ListedFile>, ()>
where
    'a: 'b,
{
    match (found.next(), found.next()) {
        (Some((file, _)), None) => Ok(Some(file)),
        (None, _) => Ok(None),
        _ => Err(()),
    }
}

impl<'a> Loose<'a> {
    fn of(files: &'a [ListedFile]) -> Loose<'a> {
        let mut loose = Loose { by_name: HashMap::new(), by_stem: HashMap::new() };
        for file in files {
            let spelled = spelling(&file.name);
            if let Some(stem) = stem_of(&spelled) {
                loose.by_stem.entry(last_of(stem).to_owned()).or_default().push((file, stem.to_owned()));
            }
            loose.by_name.entry(last_of(&spelled).to_owned()).or_default().push((file, spelled));
        }
        loose
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hilum_cache::Digest;

    fn found(files: &[&str], name: &str) -> Result<(String, Way), String> {
        let files: Vec<ListedFile> =
            files.iter().map(|n| ListedFile { name: (*n).into(), path: (*n).into(), digest: Digest::of(n.as_bytes()), note: String::new() }).collect();
        let barred = [("sub/old.png", "excluded")];
        Finder::new(&files, barred.into_iter()).find(name).map(|(f, way)| (f.name.clone(), way)).map_err(str::to_owned)
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
            ("f0", "f0.png", Way::Extension),
            ("f0.dcm", "f0.png", Way::Extension),
            ("1.2.840.1", "1.2.840.1.png", Way::Extension),
            ("a b", "sub/A B.JPG", Way::Extension),
        ];
        for (name, file, way) in cases {
            assert_eq!(found(&files, name), Ok((file.to_owned(), way)), "{name}");
        }
    }

    #[test]
    fn an_ambiguous_name_matches_no_file() {
        assert_eq!(found(&["a/x.png", "b/x.png"], "x.png"), Err("several files have this name in different directories".into()));
        assert_eq!(found(&["x.png", "x.jpg"], "x"), Err("several files have this name with different extensions".into()));
        assert_eq!(found(&["X.png", "x.PNG"], "x.png"), Err("several files have this name".into()));
        assert_eq!(found(&["train/x.png"], "test/x.png"), Err("no such file".into()), "directories that contradict each other");
        assert_eq!(found(&["ab.png"], "b.png"), Err("no such file".into()), "parts of a name are compared, not letters");
        assert_eq!(found(&["old.png"], "sub/old.png"), Err("excluded".into()), "an excluded file is not replaced by another");
        assert_eq!(found(&["old.png", "Masks/a.png", "a.png"], "masks/a.png"), Ok(("Masks/a.png".into(), Way::Spelling)));
        assert_eq!(found(&["x.png"], ""), Err("no such file".into()));
    }
}
