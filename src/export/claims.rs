//! What a document says of a file beside it. Independent of formats.

/// A file with its digest, as a document says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Claim {
    /// Its path below the export.
    pub(super) file: String,
    /// Its SHA-256 in hexadecimal.
    pub(super) sha256: String,
}
