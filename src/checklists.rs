//! Which items of checklists for studies the record of a run helps to answer, and by which of its artifacts. One checklist is one file
//! with a table, one row an item; what counts as evidence is one row of [`evidence`]. Independent of stores, of exports and of the
//! report.
//!
//! A record shows what was done. It shows neither why, nor whether it was right: what is left to people is said with each item, and no
//! item makes a study compliant with anything.

mod claim;
mod evidence;
mod tripod;

pub(crate) use evidence::{Evidence, Gathered, Pointer};

/// A checklist.
pub(crate) struct Checklist {
    /// As a file is named after it.
    pub(crate) name: &'static str,
    /// What it is called.
    pub(crate) title: &'static str,
    /// Where it is published.
    pub(crate) source: &'static str,
    pub(crate) items: &'static [Item],
}

/// All of them.
pub(crate) const CHECKLISTS: [Checklist; 2] = [claim::CHECKLIST, tripod::CHECKLIST];

/// An item, in words of our own.
pub(crate) struct Item {
    /// Its number there.
    pub(crate) number: &'static str,
    /// The part of a paper that it is about.
    pub(crate) part: &'static str,
    /// What it asks for.
    pub(crate) asks: &'static str,
    /// What in a record answers it, wholly or in part; none where nothing could. The first is what is asked for, and others add to it.
    pub(crate) evidence: &'static [Evidence],
    /// What no record says, and somebody has to; empty where the record says it all.
    pub(crate) left: &'static str,
    /// Who has to answer what is left, or all of it where there is no evidence.
    pub(crate) who: &'static str,
}

/// Who has to answer what no record says.
const AUTHORS: &str = "the authors";
const CLINIC: &str = "whoever took the images";
const READERS: &str = "whoever labelled the images";

/// A row of a checklist.
const fn item(number: &'static str, part: &'static str, asks: &'static str, evidence: &'static [Evidence], left: &'static str, who: &'static str) -> Item {
    Item { number, part, asks, evidence, left, who }
}

/// How far a record answers an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Status {
    /// The record says what is asked for.
    Answered,
    /// It says some of it.
    InPart,
    /// It says nothing of it.
    Open,
}

impl Status {
    /// In a word or two.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Status::Answered => "answered",
            Status::InPart => "in part",
            Status::Open => "open",
        }
    }
}

impl Item {
    /// How far what was gathered answers it.
    pub(crate) fn status(&self, gathered: &Gathered) -> Status {
        let has_first = self.evidence.first().is_some_and(|evidence| gathered.has(*evidence));
        let has_any = self.evidence.iter().any(|evidence| gathered.has(*evidence));
        match (has_first, has_any) {
            (true, _) if self.left.is_empty() => Status::Answered,
            (_, true) => Status::InPart,
            (_, false) => Status::Open,
        }
    }
}

impl Checklist {
    /// How many items are answered, answered in part, and open.
    pub(crate) fn counts(&self, gathered: &Gathered) -> [usize; 3] {
        let count = |status| self.items.iter().filter(|item| item.status(gathered) == status).count();
        [Status::Answered, Status::InPart, Status::Open].map(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_item_is_there_once_and_says_who_has_to_answer_it() {
        let numbers: Vec<Vec<&str>> = CHECKLISTS.iter().map(|list| list.items.iter().map(|item| item.number).collect()).collect();
        assert_eq!(numbers[0], (1..=44).map(|n| n.to_string()).collect::<Vec<_>>());
        let main: BTreeSet<&str> = numbers[1].iter().map(|n| n.trim_end_matches(|c: char| c.is_ascii_lowercase())).collect();
        assert_eq!((numbers[1].len(), main.len()), (52, 27));
        for item in CHECKLISTS.iter().flat_map(|list| list.items) {
            assert!(!item.asks.is_empty() && item.left.is_empty() | !item.who.is_empty(), "{}", item.number);
            assert!(!item.evidence.is_empty() || !item.who.is_empty(), "{}: open for nobody", item.number);
        }
    }

    #[test]
    fn without_a_result_every_item_is_open() {
        for list in CHECKLISTS {
            assert_eq!(list.counts(&Gathered::default()), [0, 0, list.items.len()]);
        }
    }
}
