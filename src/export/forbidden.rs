//! What must not be in anything that leaves this machine, and where it is. Independent of formats, and of where the strings come
//! from but for the tokens and pseudonyms of patients, which have a form of their own.

use std::path::{Path, PathBuf};

/// Strings that no exported byte may be a part of.
#[derive(Debug, Clone, Default)]
pub struct Forbidden {
    /// Each with what it is, in words.
    strings: Vec<(Vec<u8>, &'static str)>,
}

/// Names of accounts and machines that name nobody, and are words that a study may use.
const NAMES_OF_NOBODY: [&str; 14] =
    ["root", "user", "users", "admin", "nobody", "data", "test", "docker", "runner", "ubuntu", "debian", "localhost", "research", "hilum"];

impl Forbidden {
    /// The directories, user names and host names of a machine. Directories are forbidden as they are and with all links followed.
    pub fn of_machine(directories: &[PathBuf], users: &[String], hosts: &[String]) -> Forbidden {
        let mut out = Forbidden::default();
        for directory in directories {
            let spellings = [Some(directory.clone()), std::path::absolute(directory).ok(), directory.canonicalize().ok()];
            spellings.into_iter().flatten().filter(|d| d.is_absolute()).for_each(|d| out.directory(&d));
        }
        for user in users {
            out.name(user, "a user name of this machine");
        }
        for host in hosts {
            out.name(host, "the name of this machine");
            out.name(host.split('.').next().unwrap_or_default(), "the name of this machine");
        }
        out.strings.sort();
        out.strings.dedup();
        out
    }

    fn directory(&mut self, directory: &Path) {
        let text = directory.to_string_lossy();
        let text = text.trim_end_matches('/');
        if text.len() > 1 {
            let escaped = serde_json::to_string(text).expect("BUG: text is JSON");
            for spelling in [text, escaped.trim_matches('"'), &text.replace(' ', "%20")] {
                self.strings.push((spelling.as_bytes().to_vec(), "a directory of this machine"));
            }
        }
    }

    fn name(&mut self, name: &str, what: &'static str) {
        if name.chars().count() > 2 && !NAMES_OF_NOBODY.contains(&name) {
            self.strings.push((name.as_bytes().to_vec(), what));
        }
    }

    /// What is found in some bytes, in words.
    pub(super) fn find(&self, bytes: &[u8]) -> Option<String> {
        let found = self.strings.iter().find(|(string, _)| holds_word(bytes, string));
        let found = found.map(|(string, what)| format!("`{}`, {what}", String::from_utf8_lossy(string)));
        let home = || [&b"/home/"[..], b"/Users/"].iter().any(|home| holds_start(bytes, home)).then(|| "the path of a home directory".to_owned());
        let patient = || names_patient(bytes).then(|| "the token or the pseudonym of a patient".to_owned());
        found.or_else(home).or_else(patient)
    }
}

/// The places at which a string is in some bytes.
fn places<'b>(bytes: &'b [u8], string: &'b [u8]) -> impl Iterator<Item = usize> + 'b {
    let first = string.first().copied();
    let starts = bytes.iter().enumerate().filter(move |(_, b)| Some(**b) == first).map(|(at, _)| at);
    starts.filter(move |at| bytes[*at..].starts_with(string))
}

fn is_word(byte: Option<&u8>) -> bool {
    byte.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_')
}

/// True if a string is in some bytes, and not as a part of a longer word.
fn holds_word(bytes: &[u8], string: &[u8]) -> bool {
    let begins = |at: usize| !is_word(at.checked_sub(1).and_then(|before| bytes.get(before)));
    places(bytes, string).any(|at| begins(at) && !is_word(bytes.get(at + string.len())))
}

/// True if a string is in some bytes, where no longer word begins before it.
fn holds_start(bytes: &[u8], string: &[u8]) -> bool {
    places(bytes, string).any(|at| !is_word(at.checked_sub(1).and_then(|before| bytes.get(before))) && is_word(bytes.get(at + string.len())))
}

/// Digits after `p:` by which a token or a pseudonym, of which some notes show the beginning, is known.
const TOKEN: usize = 8;

/// True if some bytes hold what stands for a patient: `p:` and hexadecimal digits.
pub(super) fn names_patient(bytes: &[u8]) -> bool {
    places(bytes, b"p:").any(|at| hex_digits(&bytes[at + 2..]) >= TOKEN && !is_word(at.checked_sub(1).and_then(|before| bytes.get(before))))
}

/// True if some bytes hold a digest, by which an image of a patient could be recognised.
pub(super) fn names_digest(bytes: &[u8]) -> bool {
    let mut run = 0;
    bytes.iter().any(|b| {
        run = if b.is_ascii_hexdigit() { run + 1 } else { 0 };
        run >= 64
    })
}

/// A text of the journal without digests and tokens: some notes show the first digits of those of an image and of a patient.
pub(super) fn without_names(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some((at, mark)) = ["b3:", "p:"].into_iter().filter_map(|mark| Some((rest.find(mark)?, mark))).min() {
        let (before, after) = (&rest[..at], &rest[at + mark.len()..]);
        let digits = hex_digits(after.as_bytes());
        let is_name = digits >= TOKEN && !is_word(before.as_bytes().last());
        out += before;
        out += mark;
        out += if is_name { "…" } else { "" };
        rest = if is_name { &after[digits..] } else { after };
    }
    out + rest
}

fn hex_digits(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|b| b.is_ascii_hexdigit()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(directory: &str, user: &str, host: &str) -> Forbidden {
        Forbidden::of_machine(&[PathBuf::from(directory)], &[user.into()], &[host.into()])
    }

    #[test]
    fn a_planted_string_is_found_wherever_it_is() {
        let forbidden = of("/srv/ward 7/study", "jdoe", "xray-3.clinic.example");
        for planted in [
            "see /srv/ward 7/study/.hilum",
            "file:///srv/ward%207/study/a.png",
            "by jdoe.",
            "on xray-3 today",
            "xray-3.clinic.example",
            "at /home/somebody/images",
            "p:09896efb8ef114158c91ec36490f5867",
        ] {
            assert!(forbidden.find(planted.as_bytes()).is_some(), "{planted}");
            let among = [&[0u8, 255, 137][..], planted.as_bytes(), &[0, 7]].concat();
            assert!(forbidden.find(&among).is_some(), "{planted} among other bytes");
        }
        for fine in ["jdoes", "xray-30", "/srv/ward 7/studying", "step:09896efb8ef114158c91ec36490f5867", "https://example.org/home/", "p:1234"] {
            assert_eq!(forbidden.find(fine.as_bytes()), None, "{fine}");
        }
        assert!(forbidden.find(b"by jdoe").unwrap().starts_with("`jdoe`, a user name"));
    }

    #[test]
    fn names_that_name_nobody_are_words() {
        assert_eq!(of("/", "root", "localhost").find(b"the root mean square on localhost"), None);
    }

    #[test]
    fn what_names_an_image_or_a_patient_is_taken_out_of_texts() {
        let cases = [
            ("1 image occurs twice: b3:237929e47a1b (2 patients, now one: p:09896efb; covid)", "1 image occurs twice: b3:… (2 patients, now one: p:…; covid)"),
            ("step:09896efb8 and b3:12 and p = 0.5, p:", "step:09896efb8 and b3:12 and p = 0.5, p:"),
            ("", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(without_names(text), expected);
        }
    }

    #[test]
    fn digests_and_tokens_have_their_forms() {
        assert!(names_digest(b"x,b3:237929e47a1b3043e650fb5d169f473e7ca62475e395975f09bac9c454f4ba2c,y") && !names_digest(b"0.123456789"));
        assert!(names_patient(b",p:09896efb8ef114158c91ec36490f5867,") && !names_patient(b"p-covid"));
    }
}
