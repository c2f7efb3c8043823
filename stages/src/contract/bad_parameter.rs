//! A parameter that does not fit: where it is and what is wrong. Independent of how that is found.

/// A parameter that does not fit, by its path below `with:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadParameter {
    /// Names from the outermost, such as `["network", "dcgan", "size"]`; empty for the whole of `with:`.
    pub path: Vec<String>,
    /// What is wrong, in the user's words.
    pub what: Fault,
}

/// What is wrong with a parameter, so that the right place is pointed at and the right help given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// No parameter of this name; with the names that exist.
    Unknown(Vec<String>),
    /// A parameter without a default is not there.
    Missing(String),
    /// A word that is not one of those that may be chosen.
    Choice {
        /// The word.
        found: String,
        /// Those that may be chosen.
        known: Vec<String>,
    },
    /// Several values stand where one is chosen.
    Several(Vec<String>),
    /// Anything else: the value is wrong for the stated reason.
    Value(String),
}

impl BadParameter {
    /// True where it is about `other`'s parameter, or about a part of it.
    pub fn is_at_or_below(&self, other: &BadParameter) -> bool {
        self.path.starts_with(&other.path)
    }
    /// A fault found by a kind's own check, empty where `fine`.
    pub fn unless(fine: bool, path: &str, why: &str) -> Vec<BadParameter> {
        if fine { vec![] } else { vec![BadParameter { path: split(path), what: Fault::Value(why.into()) }] }
    }
    /// Faults of a list whose values must differ, each at a value that stands there before.
    pub fn repeated<T: PartialEq>(list: &[T], path: &str) -> Vec<BadParameter> {
        let again = (0..list.len()).filter(|at| list[..*at].contains(&list[*at]));
        let fault = |at: usize| BadParameter { path: [split(path), vec![at.to_string()]].concat(), what: Fault::Value("is named twice".into()) };
        again.map(fault).collect()
    }
}

fn split(path: &str) -> Vec<String> {
    path.split('.').filter(|p| !p.is_empty()).map(str::to_owned).collect()
}
