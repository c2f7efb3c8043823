//! Curves of all finished trainings; repeats and folds of one arm share a colour, which is that of the comparison.

use super::comparison::{self, COMPARISON};
use super::{Chapter, Material, unreadable};
use crate::report::arms::arm_of;
use crate::report::artifacts::Subject;
use crate::report::drawing::drawing;
use crate::report::wide::prose;
use hilum_cache::Result;
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::figures;
use hilum_stages::records::{History, Record};
use hilum_stages::words::counted;
use maud::{Markup, html};

const HISTORY: Subject = Subject { artifact: ArtifactType::Table, name: History::NAME };

pub(super) const CHAPTER: Chapter = Chapter { id: "training", title: "Training", about: &[HISTORY, COMPARISON], render };

/// Trainings with figures of their own, such as generators.
const SHOWN: usize = 12;

fn render(m: &Material) -> Result<Option<Markup>> {
    let (mut out, mut all): (Vec<Markup>, Vec<(String, History)>) = (vec![], vec![]);
    let (mut drawn, mut further): (Vec<String>, usize) = (vec![], 0);
    for found in m.of(HISTORY) {
        match found.record::<History>(m.store)? {
            Ok(history) => {
                if drawn.len() < SHOWN {
                    let figures: Vec<Markup> =
                        figures::of_history(&history, found.stage()).iter().map(|figure| drawing(figure.figure.name, &figure.drawing)).collect();
                    drawn.extend((!figures.is_empty()).then(|| found.stage().to_owned()));
                    out.extend(figures);
                } else {
                    further += 1;
                }
                all.push((arm_of(found.stage()), history));
            }
            Err(why) => out.push(unreadable(found, &why)),
        }
    }
    let order = comparison::arms(m)?;
    all.sort_by_key(|(arm, _)| order.iter().position(|a| a == arm).unwrap_or(usize::MAX));
    out.extend(figures::of_histories(&all).iter().map(|figure| drawing(figure.figure.name, &figure.drawing)));
    Ok((!out.is_empty()).then(|| {
        html! {
            div.pair { @for o in &out { (o) } }
            @if further > 0 { p.more { (counted(further, "further training has", "further trainings have")) " no figure of their own here: see " (prose(&m.elsewhere("`history.csv`"))) } }
        }
    }))
}
