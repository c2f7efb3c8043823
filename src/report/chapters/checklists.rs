//! How many items of checklists for papers the record of the run answers, by which of its artifacts, and which are left to people.

use super::{Chapter, Material};
use crate::checklists::{CHECKLISTS, Checklist, Gathered, Item, Pointer, Status};
use crate::provenance::output;
use crate::report::wide::{prose, table};
use hilum_cache::Result;
use hilum_stages::words::counted;
use maud::{Markup, html};

pub(super) const CHAPTER: Chapter = Chapter { id: "checklists", title: "Checklists for papers", about: &[], render };

fn render(m: &Material) -> Result<Option<Markup>> {
    let mut gathered = Gathered::of_journal(m.facts.resolved.is_object(), m.facts.decided.is_some());
    let mut stages = 0;
    for receipt in m.facts.receipts() {
        gathered.receipt(&receipt.stage, &receipt);
        stages += 1;
    }
    Ok((stages > 0).then(|| content(&gathered)))
}

fn content(gathered: &Gathered) -> Markup {
    html! {
        p.plain {
            "What the record of this run helps to answer. It helps produce the evidence for a paper, and makes nothing compliant with anything: what is left to people is the larger part. "
            code { "hilum export cards" } " writes the same as pages, with the digest and the line of the journal for each answer."
        }
        @for list in &CHECKLISTS { (one(list, gathered)) }
    }
}

fn one(list: &Checklist, gathered: &Gathered) -> Markup {
    let [answered, in_part, open] = list.counts(gathered);
    let rows: Vec<Markup> = list.items.iter().map(|item| row(item, gathered)).collect();
    html! {
        h4 { (list.title) }
        p { "Of " (list.items.len()) " items, the record answers " (answered) ", and " (in_part) " in part; " (open) " are open. The words are ours: " (list.source) }
        details {
            summary { "Item by item" }
            (table(list.title, &["item", "asks for", "status", "the record says", "left to"], &rows, "`hilum export cards`"))
        }
    }
}

fn row(item: &Item, gathered: &Gathered) -> Markup {
    let found: Vec<_> = item.evidence.iter().filter_map(|evidence| Some((evidence, gathered.of(*evidence)?))).collect();
    let status = item.status(gathered);
    html! {
        th scope="row" { (item.number) }
        td { (item.asks) }
        td { (status.word()) }
        td { @for (n, (evidence, found)) in found.iter().enumerate() {
            @if n > 0 { "; " }
            (prose(evidence.says()))
            @if let Some(name) = found.first.first().and_then(named) { " (" code { (name) } @if found.all > 1 { ", " (counted(found.all - 1, "more", "more")) } ")" }
        } }
        td { @if status != Status::Answered { (prose(if status == Status::Open || item.left.is_empty() { item.who } else { item.left })) } }
    }
}

/// What a pointer points to; nothing for the journal of the run itself.
fn named(pointer: &Pointer) -> Option<String> {
    match pointer {
        Pointer::Journal(_) => None,
        Pointer::Receipt { stage, .. } => Some(stage.clone()),
        Pointer::Output { stage, port, .. } => Some(output(stage, port)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_evidence_everything_is_left_to_people() {
        let page = content(&Gathered::of_journal(false, false)).into_string();
        assert!(page.contains("Of 44 items, the record answers 0, and 0 in part; 44 are open."), "{page}");
        let page = content(&Gathered::of_journal(true, true)).into_string();
        assert!(!page.contains("44 are open") && page.contains("the study as it was run") && page.contains("whoever took the images"), "{page}");
    }
}
