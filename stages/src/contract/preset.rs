//! Presets of a kind: parameters under a name, for a data set that many people have. Here they are text; what reads studies reads
//! them.

/// Parameters of a kind under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preset {
    /// The name after `preset:`, in kebab-case.
    pub name: &'static str,
    /// What they are for, in a few words.
    pub about: &'static str,
    /// The parameters, as a study writes them below `with:`, with comments that say what to know of the data.
    pub text: &'static str,
}
