//! Curves of all finished trainings; repeats and folds of one arm share a colour, which is that of the comparison.

use super::comparison::{self, COMPARISON};
use super::{Chapter, Material, unreadable};
use crate::report::arms::arm_of;
use crate::report::artifacts::Subject;
use crate::report::drawing::drawing;
use hilum_cache::Result;
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::figures;
use hilum_stages::records::{History, Record};
use maud::{Markup, html};

const HISTORY: Subject = Subject { artifact: ArtifactType::Table, name: History::NAME };

pub(super) const CHAPTER: Chapter = Chapter { id: "training", title: "Training", about: &[HISTORY, COMPARISON], render };

fn render(m: &Material) -> Result<Option<Markup>> {
    let (mut out, mut all): (Vec<Markup>, Vec<(String, History)>) = (vec![], vec![]);
    for found in m.of(HISTORY) {
        match found.record::<History>(m.store)? {
            Ok(history) => {
                out.extend(figures::of_history(&history, found.stage()).iter().map(|figure| drawing(&figure.drawing)));
                all.push((arm_of(found.stage()), history));
            }
            Err(why) => out.push(unreadable(found, &why)),
        }
    }
    let order = comparison::arms(m)?;
    all.sort_by_key(|(arm, _)| order.iter().position(|a| a == arm).unwrap_or(usize::MAX));
    out.extend(figures::of_histories(&all).iter().map(|figure| drawing(&figure.drawing)));
    Ok((!out.is_empty()).then(|| html! { div.pair { @for o in &out { (o) } } }))
}
