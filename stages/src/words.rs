//! English for messages.

/// A count with its words: `1 patient has`, `3 patients have`.
pub fn counted(n: impl TryInto<u64>, one: &str, several: &str) -> String {
    let n = n.try_into().unwrap_or(u64::MAX);
    format!("{n} {}", if n == 1 { one } else { several })
}
