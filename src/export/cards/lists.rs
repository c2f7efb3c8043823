//! A checklist as a page: each item with what the record says of it and where, or with who has to answer it.

use super::markdown::{plain, table};
use super::references::{Places, References};
use crate::checklists::{Checklist, Gathered, Item, Status};
use crate::export::facts::Facts;

/// The page of a checklist.
pub(super) fn page(list: &Checklist, gathered: &Gathered, facts: &Facts, places: &Places) -> String {
    let references = References::new(places);
    let [answered, in_part, open] = list.counts(gathered);
    let rows: Vec<Vec<String>> = list.items.iter().map(|item| row(item, gathered, facts, &references)).collect();
    format!(
        "# {title}: what the record of a run answers\n\n\
         Study {study}, run `{run}`. Of {all} items, the record answers {answered}, and {in_part} in part; {open} are open. The items are in words of our own: read \
         the publication for what each asks. This page helps produce the evidence for a paper. It does not say that the study is good, or that it is compliant with \
         anything.\n\n{source}\n\n{table}\n{evidence}",
        title = list.title,
        study = plain(&facts.record.study),
        run = facts.run,
        all = list.items.len(),
        source = list.source,
        table = table(&["item", "part", "asks for", "status", "the record says", "left to people"], &rows),
        evidence = references.table(),
    )
}

fn row(item: &Item, gathered: &Gathered, facts: &Facts, references: &References) -> Vec<String> {
    let said: Vec<String> = item
        .evidence
        .iter()
        .filter_map(|evidence| Some((evidence, gathered.of(*evidence)?)))
        .map(|(evidence, found)| {
            let places: Vec<String> = found.first.iter().filter_map(|pointer| references.pointer(pointer, facts)).collect();
            let more = found.all.saturating_sub(found.first.len());
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("{} {}{more}", evidence.says(), places.join(", "))
        })
        .collect();
    let status = item.status(gathered);
    let left = match status {
        Status::Answered => String::new(),
        Status::InPart if item.left.is_empty() => format!("the rest, by {}", item.who),
        Status::InPart => format!("{}, by {}", item.left, item.who),
        Status::Open => format!("all of it, by {}", item.who),
    };
    vec![item.number.to_owned(), item.part.to_owned(), item.asks.to_owned(), status.word().to_owned(), said.join("; "), left]
}
