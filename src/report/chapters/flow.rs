//! Which patients and images each step has, and what was left out on the way and why.

use super::flow_drawn::drawn;
use super::population::name;
use super::{Chapter, Material};
use crate::report::artifacts::Subject;
use crate::report::facts::Facts;
use crate::report::wide::{prose, table};
use crate::tables::Summary;
use hilum_cache::Result;
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::contract::note::Note;
use hilum_stages::words::counted;
use maud::{Markup, html};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) const CHAPTER: Chapter = Chapter { id: "flow", title: "Flow of patients and images", about: &[Subject::SAMPLES], render };

/// Notes that are listed.
const NOTES: usize = 60;

fn render(m: &Material) -> Result<Option<Markup>> {
    let mut steps: Vec<(String, Vec<Arc<Summary>>)> = vec![];
    for found in m.of(Subject::SAMPLES) {
        let counts = m.summary(found)?;
        let step = name(found);
        let step = match step.split_once('/') {
            Some((base, cell)) => format!("{base}{}", cell.find(", ").map_or("", |at| &cell[at..])),
            None => step,
        };
        match steps.iter_mut().find(|known| known.0 == step) {
            Some(known) => known.1.push(counts),
            None => steps.push((step, vec![counts])),
        }
    }
    let rows: Vec<Markup> = steps.iter().map(|(step, cells)| row(step, cells)).collect();
    let notes = notes(m.facts);
    let without = steps.iter().flat_map(|(_, cells)| cells).map(|c| c.without_patient).max().unwrap_or(0);
    Ok(Some(html! {
        @if let Some(figure) = drawn(m)? { (figure) }
        p { "Every table of images in the order of the study; of a stage with several cells, from the smallest to the largest. Repeated images are counted as often as they are there." }
        (table("Patients and images of each step", &["step", "cells", "patients", "real images", "synthetic images"], &rows, &m.elsewhere("the tables of images")))
        @if without > 0 { p.warn { "Up to " (counted(without, "real image", "real images")) " of a step, of no known patient, are not counted among its patients." } }
        @if notes.is_empty() { p { "No stage noted that it left an image out." } } @else {
            h4 { "What stages noted" }
            ul { @for (stage, text) in notes.iter().take(NOTES) { li { b { (stage) } ": " (prose(&text.to_string())) } } }
            @if notes.len() > NOTES { p.more { "and " (counted(notes.len() - NOTES, "more note", "more notes")) " (" code { "hilum show " (m.facts.run) } ")" } }
            p { small { "Which files were left out is written for the owner of the study alone, in its private directory." } }
        }
    }))
}

fn row(step: &str, cells: &[Arc<Summary>]) -> Markup {
    let range = |of: fn(&Summary) -> usize| {
        let (low, high) = cells.iter().map(|cell| of(cell)).fold((usize::MAX, 0), |(low, high), n| (low.min(n), high.max(n)));
        if low == high { low.to_string() } else { format!("{low} to {high}") }
    };
    html! { th scope="row" { (step) } td.num { (cells.len()) } @for of in [|c: &Summary| c.patients, Summary::real, Summary::synthetic] { td.num { (range(of)) } } }
}

/// What stages with tables or pixels of images noted, that which cells of a stage have in common once.
fn notes(facts: &Facts) -> Vec<(String, Note)> {
    let (mut all, mut known): (Vec<(String, Note, usize)>, BTreeMap<(String, String), usize>) = (vec![], BTreeMap::new());
    for receipt in facts.receipts() {
        let has_images = receipt.outputs.values().any(|a| ArtifactType::Samples.is(a) || ArtifactType::Images.is(a));
        let base = receipt.stage.split('/').next().unwrap_or_default().to_owned();
        for text in receipt.notes.iter().filter(|_| has_images) {
            match known.get(&(base.clone(), text.clone())) {
                Some(at) => all[*at].2 += 1,
                None => {
                    known.insert((base.clone(), text.clone()), all.len());
                    all.push((receipt.stage.clone(), Note::read(text), 0));
                }
            }
        }
    }
    let others = |n: usize| if n > 0 { format!(" and {}", counted(n, "other cell", "other cells")) } else { String::new() };
    all.into_iter().map(|(stage, note, n)| (format!("{stage}{}", others(n)), note)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::facts::StageResult;
    use crate::report::tests::made;
    use hilum_cache::{Digest, Receipt, WritableStore};
    use serde_json::Value;
    use std::rc::Rc;

    const HEAD: &str = "image,patient,number,label,source,origin,generator,parent,age,sex,view,width,height\n";

    #[test]
    fn cells_of_a_step_have_a_range_and_notes_say_what_was_left_out() {
        let held = tempfile::tempdir().unwrap();
        let store = WritableStore::create(&held.path().join("store")).unwrap();
        let row = |n: u8, patient: &str, origin: &str| format!("{},{patient},0,covid,s,{origin},,,,,,64,64\n", Digest::of(&[n]));
        let table = |stage: &str, rows: &[String]| made(&store, stage, ("samples", "samples.csv"), (HEAD.to_owned() + &rows.concat()).as_bytes(), Value::Null);
        let mut first = table("import", &[row(1, "p", "real"), row(2, "p", "real"), row(3, "q", "real")]);
        if let Some((result, _)) = &mut first.1 {
            let receipt = Receipt { notes: vec!["2 <images> were left out".into()], ..(*result.receipt("")).clone() };
            *result = StageResult::Held(Rc::new(receipt));
        }
        let stages = vec![first, table("part/fold=0", &[row(1, "p", "real")]), table("part/fold=1", &[row(2, "p", "real"), row(4, "", "synthetic")])];
        let page = CHAPTER.of(&Facts { stages, ..Facts::default() }, &store.into_store()).unwrap().into_string();
        let cells = |all: [&str; 4]| all.map(|cell| format!("<td class=\"num\">{cell}</td>")).concat();
        assert!(page.contains(&format!("<th scope=\"row\">import, out</th>{}", cells(["1", "2", "3", "0"]))), "{page}");
        assert!(page.contains(&format!("<th scope=\"row\">part, out</th>{}", cells(["2", "1", "1", "0 to 1"]))), "{page}");
        assert!(page.contains("<li><b>import</b>: 2 &lt;images&gt; were left out</li>"), "{page}");
    }
}
