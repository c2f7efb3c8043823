//! Rows of a COVIDx list: lines of `patient file label source`, separated by spaces. Those of versions 1 and 2, and some of later
//! ones, have no source.

use super::left_out::Omitted;
use super::only::{self, Filter, Only};
use super::row::{Row, Said, Whose};
use super::text;
use crate::contract::prelude::*;

/// The columns of a line, in order; the first is that of patients.
pub(super) const COLUMNS: [&str; 4] = ["patient", "file", "label", "source"];

/// The lines of a list; `is_file` is true for the name of a file.
pub(super) fn rows(content: &str, only: &Only, is_file: &dyn Fn(&str) -> bool, omitted: &mut Omitted, cx: &Context) -> Result<Vec<Row>> {
    let filter = Filter::new(only, |name| {
        let at = COLUMNS.iter().position(|c| *c == name);
        at.ok_or_else(|| Error::helped(format!("a list has no column `{name}`"), format!("it has these columns: {}", COLUMNS.join(", "))))
    })?;
    let mut out = vec![];
    for (n, line) in content.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (patient, file, label, source) = match words.as_slice() {
            [patient, file, label] => ((*patient).to_owned(), (*file).to_owned(), *label, ""),
            [both @ .., label, source] if both.len() > 1 => {
                let (patient, file) = split(both, is_file);
                (patient, file, *label, *source)
            }
            _ => return Err(Error::data(format!("line {} of the list has {} words; expected `patient file label source`", n + 1, words.len()))),
        };
        if filter.pass(|at| [&patient, &file, label, source][at]) {
            let [label, source] = [label, source].map(|word| text::clean(word).into_owned());
            out.push(Row { patient: Whose::named(&patient), file, said: Said::One(label), source, ..Row::default() });
        } else {
            only::leave_out(omitted, &file, label);
        }
    }
    filter.remark(cx);
    if out.is_empty() { Err(Error::data(if only.is_empty() { "the list is empty" } else { "`only` selects no line of the list" })) } else { Ok(out) }
}

/// Patient and file, either of which may contain spaces: in `COVID 1 COVID(1).png`, the patient is `COVID 1`. The files tell.
fn split(words: &[&str], is_file: &dyn Fn(&str) -> bool) -> (String, String) {
    let at = if words.len() == 2 { 1 } else { (1..words.len()).find(|at| is_file(&words[*at..].join(" "))).unwrap_or(1) };
    (words[..at].join(" "), words[at..].join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::context::Context;

    #[test]
    fn both_versions_can_be_read() {
        let read = |text: &str| super::rows(text, &Only::new(), &|_| false, &mut Omitted::default(), &Context::for_tests("import"));
        let rows = read("0012 a b.png positive cohen\n3 c.jpg negative\n").unwrap();
        assert_eq!((&rows[0].patient, rows[0].file.as_str(), rows[0].source.as_str()), (&Whose::Named("0012".into()), "a b.png", "cohen"));
        assert_eq!((&rows[1].said, rows[1].source.as_str()), (&Said::One("negative".into()), ""));
        let odd = &read("1 a.png \u{1b}[31mred\u{7} \u{1b}\n").unwrap()[0];
        assert_eq!((&odd.said, odd.source.as_str()), (&Said::One("[31mred".into()), ""), "nothing that a terminal acts upon");
        assert!(read("one two\n").is_err());
    }

    #[test]
    fn an_identifier_may_contain_a_space() {
        let files = ["COVID(1).png", "1 COVID(2).png", "a b.png"];
        let read = |line: &str| {
            let row = super::rows(line, &Only::new(), &|name| files.contains(&name), &mut Omitted::default(), &Context::for_tests("import")).unwrap().remove(0);
            (row.patient, row.file)
        };
        let of = |patient: &str, file: &str| (Whose::named(patient), file.to_owned());
        assert_eq!(read("COVID 1 COVID(1).png positive sirm"), of("COVID 1", "COVID(1).png"));
        assert_eq!(read("COVID 1 COVID(2).png positive sirm"), of("COVID", "1 COVID(2).png"), "as there is such a file");
        assert_eq!(read("p one a b.png positive sirm"), of("p one", "a b.png"));
        assert_eq!(read("COVID 1 COVID(3).png positive sirm"), of("COVID", "1 COVID(3).png"), "no file tells");
    }
}
