//! The command that runs only one stage and what it needs, ready to be pasted into a shell.

use super::StudyArgs;
use crate::driver::Device;

/// The command for a stage, with the arguments that identify the study.
pub(super) fn command(study: &StudyArgs, device: Device, stage: &str) -> String {
    let mut words = vec!["hilum".to_owned(), "run".into()];
    words.extend(study.file.as_ref().map(|file| file.display().to_string()));
    words.extend(["--only".to_owned(), stage.to_owned()]);
    let mut add = |option: &str, value: String| words.extend([option.to_owned(), value]);
    study.scale.iter().for_each(|name| add("--scale", name.clone()));
    study.set.iter().for_each(|set| add("--set", set.clone()));
    study.data.iter().for_each(|(name, directory)| add("--data", format!("{name}={}", directory.display())));
    study.store.iter().for_each(|directory| add("--store", directory.display().to_string()));
    study.results.iter().for_each(|directory| add("--results", directory.display().to_string()));
    match device {
        Device::Auto => {}
        Device::Cpu => add("--device", "cpu".into()),
        Device::Cuda(None) => add("--device", "cuda".into()),
        Device::Cuda(Some(n)) => add("--device", format!("cuda:{n}")),
    }
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

/// A word as a POSIX shell reads it back; zsh expands some words with `=` in them.
pub(super) fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_@%+:,./-".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_holds_what_was_given_and_is_quoted_where_needed() {
        let study = StudyArgs {
            scale: Some("ci".into()),
            file: Some("my study.yaml".into()),
            set: vec!["stages.a.with.note=it's".into()],
            data: vec![("xrays".into(), "/data/x".into())],
            store: Some("store".into()),
            results: None,
        };
        let expected = r"hilum run 'my study.yaml' --only 'classifier/arm=real/repeat=3' --scale ci --set 'stages.a.with.note=it'\''s' --data 'xrays=/data/x' --store store --device cuda:1";
        assert_eq!(command(&study, Device::Cuda(Some(1)), "classifier/arm=real/repeat=3"), expected);
        let bare = StudyArgs { file: Some("study.yaml".into()), scale: None, set: vec![], data: vec![], store: None, results: None };
        assert_eq!(command(&bare, Device::Auto, "split"), "hilum run study.yaml --only split");
        assert_eq!(quoted(""), "''");
    }
}
