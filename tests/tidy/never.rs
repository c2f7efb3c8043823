//! How a rule is held: what some files must not name, shown first to be found where it is planted. Knows no rule.

use super::paths::{Crate, Way, names_below};
use super::source::{Source, code};
use std::collections::BTreeSet;
use std::path::Path;

/// What code must not contain, and why.
pub struct Never {
    /// Parts of its text; literals are text, too.
    pub words: &'static [&'static str],
    /// Items and modules, however they are imported.
    pub paths: &'static [&'static str],
    pub why: &'static str,
}

impl Never {
    fn found(&self, code: &str) -> Option<String> {
        let word = self.words.iter().find(|w| code.contains(**w)).map(|w| (*w).to_owned());
        word.or_else(|| names_below(code, self.paths))
    }

    /// Holds files to the rule, after it has found each of these violations. What may stand is an example that looks like one.
    pub fn in_files(&self, files: &[&Source], planted: &[&str], may_stand: &[&str]) {
        self.in_texts(files.iter().map(|s| (s.path.as_path(), s.code.as_str())), planted, may_stand);
    }

    pub fn in_texts<'a>(&self, texts: impl IntoIterator<Item = (&'a Path, &'a str)>, planted: &[&str], may_stand: &[&str]) {
        assert!(!planted.is_empty(), "a rule that was never seen to find something");
        for violation in planted {
            assert!(self.found(violation).is_some(), "`{violation}` is not found: {}", self.why);
        }
        for fine in may_stand {
            assert_eq!(self.found(fine), None, "`{fine}` is refused: {}", self.why);
        }
        let (mut seen, mut wrong) = (0, String::new());
        for (path, code) in texts {
            seen += 1;
            wrong += &self.found(code).map(|what| format!("\n{}: `{what}`", path.display())).unwrap_or_default();
        }
        assert!(seen > 0, "no file is held to this: {}", self.why);
        assert!(wrong.is_empty(), "{}{wrong}", self.why);
    }
}

/// The crate whose files are in this directory.
pub fn crate_of(directory: &str) -> Crate {
    Crate::of(code().iter().filter_map(|s| Some((s.path.strip_prefix(directory).ok()?, s.code.as_str()))))
}

/// The modules of which some modules, or what is below them, use something: as `user uses used`, in `::` below the crate's root.
pub fn uses_between(all: &Crate, from: &[&str], to: &[&str]) -> BTreeSet<String> {
    let is_below = |way: &Way, places: &[&str]| {
        let way = way.join("::");
        places.iter().any(|place| way.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with("::")))
    };
    let users: Vec<_> = all.uses().into_iter().filter(|(module, _)| is_below(module, from)).collect();
    assert!(!users.is_empty(), "there is no module {}", from.join(", "));
    let pairs =
        users.iter().flat_map(|(user, used)| used.iter().filter(|way| is_below(way, to)).map(|used| format!("{} uses {}", user.join("::"), used.join("::"))));
    pairs.collect()
}
