//! Where a command may write what it was asked for: never into a store, and never over a file that somebody else wrote.

use super::wrong;
use crate::workspace;
use anyhow::Context;
use std::fs;
use std::io::Read;
use std::path::Path;

/// How much of a file tells what it is.
const BEGINNING: u64 = 4096;

/// Refuses a path inside a store or a private directory: hilum would not find its way there any more.
pub(super) fn outside_stores(path: &Path) -> anyhow::Result<()> {
    let mut real = workspace::real(path);
    // As far as it exists, so that a link or `..` leads nowhere else.
    let is_store = |dir: &Path| dir.join("format").is_file() && dir.join("objects").is_dir() || dir.file_name().is_some_and(|name| name == ".hilum-private");
    let whole = real.clone();
    loop {
        if is_store(&real) {
            let message = format!("`{}` is inside `{}`, where hilum keeps what it needs", whole.display(), real.display());
            return Err(wrong(message).help("name a path outside of it").into());
        }
        if !real.pop() {
            return Ok(());
        }
    }
}

/// Refuses to replace a file that is none of ours, by its beginning. What is no regular file, such as a terminal, is only written to.
pub(super) fn replaces_ours(path: &Path, is_ours: impl Fn(&str) -> bool, what: &str) -> anyhow::Result<()> {
    let Ok(file) = fs::File::open(path) else { return Ok(()) };
    if !file.metadata().is_ok_and(|stat| stat.is_file()) {
        return Ok(());
    }
    let mut beginning = vec![];
    file.take(BEGINNING).read_to_end(&mut beginning).with_context(|| format!("cannot read `{}`", path.display()))?;
    if beginning.is_empty() || is_ours(&String::from_utf8_lossy(&beginning)) {
        return Ok(());
    }
    Err(wrong(format!("`{}` exists and is not {what}; it is left as it is", path.display())).help("name another file, or remove it first").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_written_into_a_store_whatever_the_path_to_it() {
        let dir = tempfile::tempdir().unwrap();
        let at = |path: &str| dir.path().join(path);
        hilum_cache::WritableStore::create(&at("store")).unwrap();
        fs::create_dir_all(at("a/.hilum-private")).unwrap();
        std::os::unix::fs::symlink(at("store/runs"), at("link")).unwrap();
        for inside in ["store", "store/format", "store/new/r.html", "link/r.html", "a/../store/r.html", "a/.hilum-private/study.key"] {
            let refused = outside_stores(&at(inside)).unwrap_err().to_string();
            assert!(refused.contains("where hilum keeps what it needs"), "{inside}: {refused}");
        }
        for outside in ["r.html", "new/r.html", "a/r.html"] {
            outside_stores(&at(outside)).unwrap();
        }
    }

    #[test]
    fn only_a_file_of_ours_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let at = |path: &str| dir.path().join(path);
        let check = |path: &Path| replaces_ours(path, |text| text.starts_with("ours"), "a report");
        for (name, text) in [("ours", "ours, indeed"), ("empty", "")] {
            fs::write(at(name), text).unwrap();
            check(&at(name)).unwrap();
        }
        check(&at("new")).unwrap();
        check(Path::new("/dev/null")).unwrap();
        fs::write(at("study.yaml"), "study: s").unwrap();
        assert!(check(&at("study.yaml")).unwrap_err().to_string().ends_with("study.yaml` exists and is not a report; it is left as it is"));
    }
}
