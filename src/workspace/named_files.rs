//! What lies where path parameters point: whether it is what they must name, and its digest before anything runs. Independent of where
//! they point.

use super::Workspace;
use crate::diagnostic::Span;
use hilum_cache::memo::Memo;
use hilum_cache::{Sha256, ingest};
use hilum_stages::contract::source::{Source, SourceFiles, SourceKind};
use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::fs::{self, FileType};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

/// Why what lies at a path is not what the parameter must name, with what was expected. A named pipe is never opened: it would be waited
/// for.
pub(super) fn misnamed(what: SourceKind, path: &Path) -> Option<(String, &'static str)> {
    let (is_due, due, expected): (fn(&FileType) -> bool, _, _) = match what {
        SourceKind::File => (FileType::is_file, "a file", "expected a file"),
        SourceKind::Images => (FileType::is_dir, "a directory", "expected a directory of images"),
        SourceKind::Tables => (FileType::is_dir, "a directory", "expected a directory of tables"),
    };
    let read = fs::metadata(path).map(|m| m.file_type()).and_then(|kind| match is_due(&kind) {
        true if what == SourceKind::File => fs::File::open(path).map(|_| None),
        true => fs::read_dir(path).map(|_| None),
        false => Ok(Some(kind)),
    });
    match read {
        Ok(None) => None,
        Ok(Some(kind)) if kind.is_file() => Some((format!("is not {due}"), expected)),
        Ok(Some(kind)) => Some((format!("is {}", named(kind)), expected)),
        Err(e) => Some((format!("cannot be read: {e}"), expected)),
    }
}

fn named(kind: FileType) -> &'static str {
    match () {
        () if kind.is_dir() => "a directory",
        () if kind.is_fifo() => "a named pipe",
        () if kind.is_socket() => "a socket",
        () => "a device",
    }
}

/// The files that the parameters of a stage name.
pub(super) struct NamedFiles<'a> {
    pub(super) workspace: &'a Workspace,
    /// What runs write to, which nothing may name.
    pub(super) written: &'a [PathBuf],
    pub(super) sources: Vec<Source>,
    /// What is known of files, whichever stage asked.
    pub(super) known: &'a Known,
}

/// What is known of files that several stages and cells may name.
pub(super) struct Known {
    /// The memo of digests by path, as notes; not read before a digest is asked for.
    memo: OnceCell<RefCell<Memo>>,
    memo_path: PathBuf,
    /// Contents by path, none of what cannot be read.
    contents: RefCell<HashMap<PathBuf, Option<Vec<u8>>>>,
}

impl Known {
    pub(super) fn new(memo_path: PathBuf) -> Known {
        Known { memo: OnceCell::new(), memo_path, contents: RefCell::default() }
    }

    /// The memo and its path, if a digest was asked for.
    pub(super) fn memo(self) -> Option<(PathBuf, Memo)> {
        self.memo.into_inner().map(|memo| (self.memo_path, memo.into_inner()))
    }
}

impl SourceFiles for NamedFiles<'_> {
    fn path(&self, parameter: &str) -> Option<PathBuf> {
        let source = self.sources.iter().find(|s| s.parameter == parameter)?;
        Some(self.workspace.locate(source, Span::default(), self.written).ok()?.path)
    }
    fn sha256(&self, parameter: &str) -> Option<String> {
        let path = self.path(parameter)?;
        let memo = self.known.memo.get_or_init(|| RefCell::new(Memo::load(&self.known.memo_path)));
        let file = ingest::file(&path, &mut memo.borrow_mut(), &|bytes| Sha256::of(bytes).hex());
        Some(file.ok()?.note)
    }
    fn read(&self, parameter: &str) -> Option<Vec<u8>> {
        let path = self.path(parameter)?;
        let mut contents = self.known.contents.borrow_mut();
        contents.entry(path).or_insert_with_key(|path| ingest::read(path).ok()).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    #[test]
    fn a_file_that_many_cells_name_is_read_once_and_no_memo_without_need() {
        let held = tempfile::tempdir().unwrap();
        let workspace = Workspace::of(&held.path().join("study.yaml"), None, None, Default::default());
        let sources = crate::language::study(
            r#"
study: s
seed: 1
stages:
  audits: { stage: audit-table, matrix: { repeat: [0, 1, 2] }, with: { table: paper.yaml } }
  other: { stage: audit-table, with: { table: other.yaml } }
"#,
        );
        let known = Known::new(held.path().join("sha256"));
        fs::write(held.path().join("other.yaml"), "other").unwrap();
        for (n, stage) in sources.stages.iter().enumerate() {
            // What is written later is not read again.
            fs::write(held.path().join("paper.yaml"), format!("paper {n}")).unwrap();
            let files = NamedFiles { workspace: &workspace, written: &[], sources: stage.stage.sources(), known: &known };
            let wanted = if stage.base == "other" { "other" } else { "paper 0" };
            assert_eq!(files.read("table").as_deref(), Some(wanted.as_bytes()), "{}", stage.name);
        }
        assert_eq!(known.contents.borrow().len(), 2);
        assert!(known.memo().is_none());
        let p = crate::language::study(
            "study: s\nseed: 1\nstages:\n  audits: { stage: audit-table, matrix: { repeat: [0, 1, 2] }, with: { table: paper.yaml } }\n",
        );
        fs::write(held.path().join("paper.yaml"), "paper: [").unwrap();
        assert_eq!(workspace.misfits(&p).iter().map(|fault| fault.code).collect::<Vec<_>>(), ["E0405"], "a fault of all cells is said once");
    }

    #[test]
    fn what_is_no_file_is_named_and_not_waited_for() {
        let held = tempfile::tempdir().unwrap();
        let of = |name: &str| held.path().join(name);
        fs::write(of("file"), "x").unwrap();
        fs::create_dir(of("directory")).unwrap();
        let _listener = UnixListener::bind(of("socket")).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(of("pipe")).status().unwrap().success());
        std::os::unix::fs::symlink(of("pipe"), of("link")).unwrap();
        let said = |what, name: &str| misnamed(what, &of(name)).map(|(why, _)| why);
        let due = [
            ("file", None),
            ("directory", Some("is a directory")),
            ("socket", Some("is a socket")),
            ("pipe", Some("is a named pipe")),
            ("link", Some("is a named pipe")),
        ];
        for (name, why) in due {
            assert_eq!(said(SourceKind::File, name).as_deref(), why, "{name}");
        }
        assert_eq!(misnamed(SourceKind::File, Path::new("/dev/null")).map(|bad| bad.0).as_deref(), Some("is a device"));
        assert_eq!(said(SourceKind::Images, "file").as_deref(), Some("is not a directory"));
        assert_eq!((said(SourceKind::Tables, "directory"), said(SourceKind::Images, "pipe").as_deref()), (None, Some("is a named pipe")));
    }
}
