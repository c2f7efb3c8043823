//! Why a stage did not finish, in the user's words.

/// The result of whatever a stage does.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a stage did not finish.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The data or the parameters do not allow it. Never retried.
    #[error("{message}")]
    Data {
        /// What is wrong, lower case, without a full stop.
        message: String,
        /// One thing that can be done about it.
        help: Option<String>,
    },
    /// The store refused.
    #[error(transparent)]
    Store(#[from] hilum_cache::Error),
    /// The run was told to stop.
    #[error("stopped")]
    Cancelled,
}

impl Error {
    /// A fault of the data or the parameters.
    pub fn data(message: impl Into<String>) -> Self {
        Error::Data { message: message.into(), help: None }
    }
    /// The same with advice.
    pub fn helped(message: impl Into<String>, help: impl Into<String>) -> Self {
        Error::Data { message: message.into(), help: Some(help.into()) }
    }
    /// A failed file operation, for use with `map_err`.
    pub fn io(what: &'static str, path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Error {
        let wrap = hilum_cache::Error::io(what, path);
        move |e| Error::Store(wrap(e))
    }
}
