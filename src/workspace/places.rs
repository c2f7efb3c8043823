//! Directories of this machine in messages that are recorded: what stands for them, and for what lies below them. Independent of who
//! writes a message.

use super::Workspace;
use std::path::Path;

/// Directories, each with what stands for it, and whether what is below it has names that hilum gave.
#[derive(Debug, Clone, Default)]
pub struct Places(Vec<(String, String, bool)>);

impl Places {
    /// Adds a directory; with `is_ours`, names below it are hilum's own, and not those of patients.
    pub fn add(&mut self, path: &Path, name: &str, is_ours: bool) {
        let spellings = [path.display().to_string()].into_iter().chain(path.canonicalize().map(|real| real.display().to_string()));
        self.0.extend(spellings.filter(|path| path.len() > 1).map(|path| (path, name.to_owned(), is_ours)));
    }

    /// A message without these directories, and without what lies below those that hold what a study reads: names of files and directories
    /// there may be those of patients.
    pub fn scrubbed(&self, text: &str) -> String {
        let mut directories: Vec<&(String, String, bool)> = self.0.iter().collect();
        directories.sort_by_key(|(path, ..)| std::cmp::Reverse(path.len()));
        directories
            .iter()
            .fold(text.to_owned(), |text, (path, name, is_ours)| if *is_ours { text.replace(path, name) } else { without_below(&text, path, name) })
    }
}

impl Workspace {
    /// Its directories.
    pub fn places(&self) -> Places {
        let mut out = Places::default();
        self.data.iter().for_each(|(name, path)| out.add(path, &format!("{name}:"), false));
        out.add(&self.directory, "STUDY", false);
        [(&self.store, "STORE"), (&self.results, "RESULTS"), (&self.private, "PRIVATE")].into_iter().for_each(|(path, name)| out.add(path, name, true));
        out
    }
}

/// A message with a name in place of a directory and of everything up to the last quotation mark behind it, or, without one, up to its
/// end: a name of a file may hold any character.
fn without_below(text: &str, directory: &str, name: &str) -> String {
    let is_start = |at: usize| !text[..at].ends_with(|c: char| c.is_alphanumeric() || "/._-".contains(c));
    let path = text.match_indices(directory).find(|(at, _)| is_start(*at) && text[at + directory.len()..].starts_with('/'));
    match path {
        Some((at, _)) => {
            let below = &text[at + directory.len()..];
            let end = below.rfind('`').unwrap_or(below.len());
            format!("{}{name}{}", &text[..at], &below[end..])
        }
        // A single word may be one of the message.
        None if !directory.contains('/') => text.to_owned(),
        None => text.replace(directory, name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_below_what_a_study_reads_go_and_those_of_hilum_stay() {
        let mut places = Places::default();
        places.add(Path::new("/home/doe"), "STUDY", false);
        places.add(Path::new("/home/doe/.hilum"), "STORE", true);
        places.add(Path::new("/srv/cxr"), "cxr:", false);
        assert_eq!(places.scrubbed("cannot read `/srv/cxr/Jane/1.png`: no such file"), "cannot read `cxr:`: no such file");
        assert_eq!(places.scrubbed("`/home/doe/.hilum/tmp/x` is full"), "`STORE/tmp/x` is full", "the longer one comes first");
    }

    #[test]
    fn names_of_files_that_a_study_reads_are_in_no_message() {
        let of = |text: &str, directory: &str| without_below(text, directory, "cxr:");
        assert_eq!(of("cannot read `/srv/cxr/Doe `Jane`/1.png`: no such file", "/srv/cxr"), "cannot read `cxr:`: no such file");
        assert_eq!(of("cannot read /srv/cxr/Doe/1.png", "/srv/cxr"), "cannot read cxr:");
        assert_eq!(of("`/srv/cxr` is not a directory", "/srv/cxr"), "`cxr:` is not a directory");
        assert_eq!(of("cannot read `data/Doe/1.png`: no such file", "data"), "cannot read `cxr:`: no such file");
        assert_eq!(of("the PNG's data are damaged, as metadata/x are", "data"), "the PNG's data are damaged, as metadata/x are");
    }
}
