//! Curves of trainings, done or not.

use super::Facts;
use super::drawing::drawing;
use super::parts::{MOMENTS, arms, is_warning, of_kind, png, table};
use hilum_cache::{Result, Store};
use hilum_stages::data::table::Table;
use hilum_stages::figures;
use maud::{Markup, html};

/// Points of one curve.
type Points = Vec<(f64, f64)>;

/// A curve of a history has no more points than this; longer ones show means.
const POINTS: usize = 400;

/// Trainings that go on, or that go on when the study is run again.
pub(super) fn under_way(f: &Facts) -> Markup {
    if f.under_way.is_empty() {
        return html! {};
    }
    html! { section {
        h2 { "Not done yet" }
        p { "As of the newest checkpoint." }
        @for (stage, step, preview) in &f.under_way {
            @let header = &preview.history.header;
            @let x = if header.first().is_some_and(|h| h == "epoch") { "epoch" } else { "step" };
            @let losses: Vec<&str> = header.iter().map(String::as_str).filter(|h| h.contains("loss")).collect();
            h3 { (stage) ", after step " (step) }
            @for note in preview.notes.iter().filter(|n| is_warning(n)) { div.warn { (note) } }
            @if !preview.history.rows.is_empty() { (curve(&format!("{stage}: losses so far"), x, "loss", &preview.history, &losses)) }
            @if let Some(films) = &preview.films { figure.sheet.synthetic { figcaption { (MOMENTS) } (png(films, "films so far")) } }
        }
    } }
}

/// Curves of all trainings; repeats of one arm share a colour.
pub(super) fn histories(f: &Facts, store: &Store) -> Result<Markup> {
    let mut out = vec![];
    for r in of_kind(f, "train-gan") {
        let history = table(store, r, "history")?;
        out.push(curve(&format!("{}: losses", r.stage), "step", "loss", &history, &["loss-discriminator", "loss-generator"]));
        let judged = format!("{}: how films look to the discriminator", r.stage);
        out.push(curve(&judged, "step", "judged real", &history, &["d-real", "d-fake"]));
    }
    let comparison = of_kind(f, "compare").next().map(|r| table(store, r, "table")).transpose()?.unwrap_or_default();
    let compared = arms(&comparison.rows);
    for (column, what) in [("loss", "loss on the training set"), ("validation-loss", "loss on the validation set")] {
        let mut all = vec![];
        for r in of_kind(f, "train-classifier") {
            let history = table(store, r, "history")?;
            let cell = r.stage.split_once('/').map_or(r.stage.as_str(), |(_, c)| c);
            let arm = cell.split('/').filter(|axis| !axis.starts_with("repeat=")).collect::<Vec<_>>().join("/");
            all.extend(points(&history, column).filter(|p| !p.is_empty()).map(|p| (arm.clone(), p)));
        }
        // The colours of arms are those of the comparison.
        all.sort_by_key(|(arm, _): &(String, Points)| compared.iter().position(|a| a == arm).unwrap_or(usize::MAX));
        if !all.is_empty() {
            out.push(html! { figure { (drawing(figures::curves(&format!("Classifiers: {what}"), "epoch", "loss", &all).as_bytes(), &format!("Classifiers: {what}"))) } });
        }
    }
    Ok(if out.is_empty() {
        html! {}
    } else {
        html! { section { h2 { "Training" } div.pair { @for o in &out { (o) } } } }
    })
}

/// A column over the first one.
fn points(history: &Table, column: &str) -> impl Iterator<Item = Points> {
    let at = history.header.iter().position(|h| h == column);
    at.map(|i| history.rows.iter().filter_map(|r| Some((r.first()?.parse().ok()?, r.get(i)?.parse().ok()?))).collect()).into_iter()
}

fn curve(caption: &str, x: &str, y: &str, history: &Table, columns: &[&str]) -> Markup {
    let window = history.rows.len().div_ceil(POINTS).max(1);
    let caption = if window == 1 { caption.to_owned() } else { format!("{caption}, means of {window} steps") };
    let series: Vec<(String, Points)> = columns.iter().flat_map(|c| points(history, c).map(|p| ((*c).to_owned(), thinned(&p, window)))).collect();
    html! { figure { (drawing(figures::curves(&caption, x, y, &series).as_bytes(), &caption)) } }
}

/// Means of so many points, at the last of them.
fn thinned(points: &[(f64, f64)], window: usize) -> Points {
    points.chunks(window).map(|part| (part[part.len() - 1].0, part.iter().map(|p| p.1).sum::<f64>() / part.len() as f64)).collect()
}

#[cfg(test)]
mod tests {
    use super::thinned;

    #[test]
    fn long_histories_are_shown_as_means() {
        let points: Vec<(f64, f64)> = (1..=7).map(|i| (f64::from(i), f64::from(i * i))).collect();
        assert_eq!(thinned(&points, 1), points);
        assert_eq!(thinned(&points, 3), [(3.0, 14.0 / 3.0), (6.0, 77.0 / 3.0), (7.0, 49.0)]);
    }
}
