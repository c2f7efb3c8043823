//! Curves of all finished trainings; repeats of one arm share a colour, which is that of the comparison.

use super::comparison::COMPARISON;
use super::{Chapter, Material, unreadable};
use crate::report::artifacts::Subject;
use crate::report::drawing::drawing;
use hilum_cache::Result;
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::figures;
use hilum_stages::records::{Compared, History, Record, Table};
use maud::{Markup, html};

const HISTORY: Subject = Subject { artifact: ArtifactType::Table, name: History::NAME };

pub(super) const CHAPTER: Chapter = Chapter { id: "training", title: Some("Training"), about: &[HISTORY, COMPARISON], render };

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
    let comparison = m.of(COMPARISON).next().map(|found| found.record::<Table<Compared>>(m.store)).transpose()?;
    let comparison = comparison.and_then(Result::ok).unwrap_or_default();
    let arms = comparison.arms();
    all.sort_by_key(|(arm, _)| arms.iter().position(|a| a.1 == arm).unwrap_or(usize::MAX));
    out.extend(figures::of_histories(&all).iter().map(|figure| drawing(&figure.drawing)));
    Ok((!out.is_empty()).then(|| html! { div.pair { @for o in &out { (o) } } }))
}

/// The arm of a cell: its coordinates but the repeat.
fn arm_of(stage: &str) -> String {
    let cell = stage.split_once('/').map_or(stage, |(_, cell)| cell);
    cell.split('/').filter(|axis| !axis.starts_with("repeat=")).collect::<Vec<_>>().join("/")
}
