//! Whether the run compares what was sealed before anybody looked.

use super::{Chapter, Material};
use crate::looks;
use crate::pipeline::differing;
use crate::report::head::date;
use crate::report::wide::{prose, table};
use crate::seal::{Deviation, Role, Seal, newest};
use hilum_cache::{Digest, Receipt, Result};
use hilum_stages::words::counted;
use maud::{Markup, html};
use std::collections::BTreeSet;
use std::rc::Rc;

pub(super) const CHAPTER: Chapter = Chapter { id: "sealed", title: "The sealed plan", about: &[], render };

fn render(m: &Material) -> Result<Option<Markup>> {
    let Some(ledger) = m.facts.ledger else { return Ok(None) };
    let Some(seal) = newest(m.store, ledger, &m.facts.study, Some(&m.facts.run))? else { return Ok(None) };
    let receipts: Vec<Rc<Receipt>> = m.facts.receipts().collect();
    let tests: BTreeSet<Digest> = receipts.iter().filter_map(|receipt| looks::test_of(&receipt.recipe)).map(|[_, test]| test).collect();
    let before = seal.looks_before(m.store, ledger, &tests)?;
    let found = seal.plan.as_ref().map(|plan| Deviation::of_run(&plan.stages, &m.facts.resolved, receipts.iter().map(|receipt| &**receipt)));
    Ok(Some(content(&seal, found.as_deref(), &before, &m.elsewhere("tables"))))
}

fn content(seal: &Seal, found: Option<&[Deviation]>, before: &[String], elsewhere: &str) -> Markup {
    let of_analysis = found.unwrap_or_default().iter().filter(|deviation| deviation.role != Role::Arm).count();
    let verdict = match found {
        _ if seal.is_altered => "The record of the sealed plan was altered: what it says cannot be relied on.".to_owned(),
        None => "A plan was sealed, and this program cannot read it.".to_owned(),
        Some([]) => "The comparison is as sealed.".to_owned(),
        Some(all) if of_analysis == 0 => {
            format!("The analysis is as sealed; of how the arms are made, {}.", counted(all.len(), "thing is another", "things are others"))
        }
        Some(all) => format!("The comparison is not as sealed: {}.", counted(all.len(), "thing is another", "things are others")),
    };
    let is_good = found.is_some_and(<[Deviation]>::is_empty) && before.is_empty() && !seal.is_altered;
    let looked = match before {
        [] => "It was sealed before the first evaluation on this test, as far as this store knows.".to_owned(),
        runs => format!("Before it was sealed, models had been evaluated on this test in {}: {}.", counted(runs.len(), "run", "runs"), runs.join(", ")),
    };
    let rows: Vec<Markup> = found.unwrap_or_default().iter().flat_map(rows_of).collect();
    html! {
        @if is_good { p.plain { (prose(&verdict)) } } @else { p.bad { (prose(&verdict)) } }
        p { (prose(&looked)) }
        @if !rows.is_empty() { (table("Not as sealed", &["stage", "is", "what", "sealed", "in this run"], &rows, elsewhere)) }
        dl.facts {
            div { dt { "Sealed" } dd { (date(&seal.time)) ", in run " code { (seal.run) } } }
            div { dt { "Signed by" } dd { @match &seal.key { Some(key) => { "the key " code { (key) } ", which a report cannot check" }, None => "nobody: whoever can write to the store can have written it anew" } } }
            @if seal.earlier > 0 { div { dt { "Plans of this study that were sealed before it" } dd { (seal.earlier) } } }
        }
        p {
            "A sealed plan says which comparison, metric and test were meant, on whom, and how the arms are made, before a result was there to choose by. "
            "It counts for this store only: evaluations in other stores, or outside of hilum, are not known, and neither are plans that were sealed there."
        }
    }
}

fn rows_of(d: &Deviation) -> Vec<Markup> {
    let found = differing::differing(&d.path, &d.sealed, &d.now, &|_, _| None);
    let row = |at: &differing::Differing| html! { th scope="row" { code { (d.stage) } } td { (d.role.name()) } td { code { (at.path) } } td { (at.old) } td { (at.new) } };
    found.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_chapter_says_what_is_not_as_sealed_and_who_looked_before() {
        let seal = Seal::test("r1", 1);
        let of = |role| Deviation { stage: "answer".into(), role, path: "metric".into(), sealed: json!("auroc"), now: json!("accuracy") };
        let page = |found: Option<&[Deviation]>, before: &[String]| content(&seal, found, before, "x").into_string();
        let good = page(Some(&[]), &[]);
        assert!(good.contains("The comparison is as sealed.") && good.contains("before the first evaluation on this test") && !good.contains("bad"), "{good}");
        let changed = page(Some(&[of(Role::Comparison)]), &[]);
        for part in ["The comparison is not as sealed: 1 thing is another", "<code>metric</code>", "auroc", "accuracy", "sealed before it"] {
            assert!(changed.contains(part), "{part}: {changed}");
        }
        assert!(page(Some(&[of(Role::Arm)]), &[]).contains("The analysis is as sealed; of how the arms are made, 1 thing is another"));
        assert!(page(Some(&[]), &["r0".into()]).contains("had been evaluated on this test in 1 run: r0"));
        assert!(page(None, &[]).contains("cannot read it"));
    }
}
