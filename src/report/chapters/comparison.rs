//! Arms side by side: the figure, and every metric with its difference from the arm compared against, which is what a study
//! was made for. It stands open, so that it is on paper, too.

use super::{Chapter, Material, unreadable};
use crate::report::artifacts::Subject;
use crate::report::drawing::svg;
use hilum_cache::Result;
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::evaluation::metric::{self, Direction, Metric};
use hilum_stages::figures;
use hilum_stages::records::{Compared, Record, Table};
use maud::{Markup, html};

/// The table of a comparison.
pub(super) const COMPARISON: Subject = Subject { artifact: ArtifactType::Table, name: Table::<Compared>::NAME };
const FIGURE: Subject = Subject { artifact: ArtifactType::Figure, name: figures::intervals::FIGURE.name };

pub(super) const CHAPTER: Chapter = Chapter { id: "comparison", title: Some("Comparison"), about: &[COMPARISON, FIGURE], render };

fn render(m: &Material) -> Result<Option<Markup>> {
    let mut out = vec![];
    for found in m.of(COMPARISON) {
        let figure = m.of(FIGURE).find(|f| f.stage() == found.stage()).map(|f| f.bytes(m.store, ".svg")).transpose()?.flatten();
        let table = found.record::<Table<Compared>>(m.store)?;
        out.push(html! {
            h3 { (found.stage()) }
            @if let Some(bytes) = figure { figure { (svg(&bytes, &format!("Figure of {}", found.stage()))) } }
            @match table { Ok(table) => (comparison(&table)), Err(why) => (unreadable(found, &why)) }
        });
    }
    Ok((!out.is_empty()).then(|| {
        html! {
            p { "Means over repeats. Intervals hold 95 % of a bootstrap over patients in which all arms see the same resample." }
            @for o in &out { (o) }
        }
    }))
}

fn comparison(table: &Table<Compared>) -> Markup {
    let arms = table.arms();
    html! {
        details open {
            summary { "All metrics, with the difference from the arm compared against" }
            div.scroll { table {
                thead { tr { th { "metric" } th { "class" } @for arm in &arms { th { (arm) } } } }
                tbody { @for of in table.measures() {
                    @let (name, class) = of;
                    tr {
                        td title=[metric::find(name, !class.is_empty()).map(explained)] { (name) } td { (class) }
                        @for row in arms.iter().filter_map(|arm| table.of(arm, of)) { td.num { (cell(row)) } }
                    }
                } }
            } }
        }
    }
}

pub(super) fn cell(row: &Compared) -> Markup {
    let short = |v: Option<f64>| v.map_or("–".to_owned(), |v| format!("{v:.3}"));
    html! {
        (short(row.value)) br;
        small {
            "[" (short(row.low)) ", " (short(row.high)) "]"
            @if row.difference.is_some() { br; "Δ " (short(row.difference)) " [" (short(row.difference_low)) ", " (short(row.difference_high)) "]" }
        }
    }
}

/// The tooltip of a metric.
fn explained(metric: &Metric) -> String {
    let direction = match metric.direction {
        Direction::HigherIsBetter => "Higher is better.",
        Direction::LowerIsBetter => "Lower is better.",
    };
    format!("{} {direction} Undefined where {}.", metric.doc, metric.undefined_when)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_comparison_is_open_however_many_metrics_there_are() {
        let row = |arm: &str, n: usize, difference| Compared {
            arm: arm.into(),
            repeats: 1,
            metric: "auroc".into(),
            class: format!("class-{n}"),
            value: Some(0.75),
            low: Some(0.5),
            high: None,
            difference,
            difference_low: difference,
            difference_high: None,
        };
        let rows = (0..40).flat_map(|n| [row("real", n, None), row("<both>", n, Some(-0.0625))]).collect();
        let page = comparison(&Table { rows }).into_string();
        assert!(page.starts_with("<details open>") && page.matches("<details").count() == 1, "{page}");
        assert_eq!(page.matches("Δ -0.062 [-0.062, –]").count(), 40, "{page}");
        assert_eq!(page.matches("<td class=\"num\">0.750<br><small>[0.500, –]").count(), 80);
        assert!(page.contains("<th>&lt;both&gt;</th>") && page.contains("Higher is better. Undefined where the class or the rest has no image"));
        assert!(comparison(&Table::default()).into_string().contains("<tbody></tbody>"));
    }
}
