//! Tables and other wide things of a page: in a box of their own, which scrolls by mouse and keyboard.

use hilum_stages::words::counted;
use maud::{Markup, Render, html};

/// Rows of a table that are on the page.
pub(super) const ROWS: usize = 200;
/// Rows of a table that are on paper.
pub(super) const PRINTED: usize = 30;

/// Something wide; `label` says what it is to those who do not see it.
pub(super) fn wide(label: &str, content: &Markup) -> Markup {
    html! { div.scroll tabindex="0" role="group" aria-label=(label) { (content) } }
}

/// A table under its heads: at most [`ROWS`] of `rows`, of which [`PRINTED`] are printed, and how many more are where.
pub(super) fn table<H: Render>(label: &str, heads: &[H], rows: &[Markup], elsewhere: &str) -> Markup {
    html! {
        (wide(label, &html! { table {
            thead { tr { @for head in heads { th scope="col" { (head) } } } }
            tbody { @for (n, row) in rows.iter().take(ROWS).enumerate() { tr class=[(n >= PRINTED).then_some("screen")] { (row) } } }
        } }))
        @if rows.len() > PRINTED {
            p.more.paper { "and " (counted(rows.len() - PRINTED, "more row", "more rows")) " in the HTML file" @if !elsewhere.is_empty() { " and in " (prose(elsewhere)) } }
        }
        (more(rows.len().saturating_sub(ROWS), elsewhere))
    }
}

/// Text in which `` ` `` stand around commands and names.
pub(super) fn prose(text: &str) -> Markup {
    html! { @for (n, part) in text.split('`').enumerate() { @if n % 2 == 1 { code { (part) } } @else { (part) } } }
}

/// Behind these, a name may be broken.
const BREAKS: [char; 3] = ['.', '_', '/'];

/// A name that may be broken behind a point, a line below or a slash, and nowhere else if that is enough.
pub(super) fn breakable(name: &str) -> Markup {
    html! { @for part in name.split_inclusive(BREAKS) { (part) @if part.ends_with(BREAKS) { wbr; } } }
}

/// Says how many rows are not shown, and where they are; nothing where all are.
pub(super) fn more(rows: usize, elsewhere: &str) -> Markup {
    html! { @if rows > 0 { p.more.screen { "and " (counted(rows, "more row", "more rows")) " in " (prose(elsewhere)) } } }
}

/// A class, or in italics what an empty name stands for: a class may be called `all`.
pub(super) fn of_class(class: &str) -> Markup {
    html! { @if class.is_empty() { i { "all classes" } } @else { (class) } }
}

/// A number with three digits after the point, or a dash.
pub(super) fn short(value: Option<f64>) -> String {
    value.map_or("–".to_owned(), |v| format!("{v:.3}"))
}

/// Four significant digits: for figures of very different size. A dash where there is none.
pub(super) fn significant(value: Option<f64>) -> String {
    value.map_or("–".to_owned(), |v| match v.abs() {
        whole if whole.fract() == 0.0 && whole < 1e6 => format!("{v:.0}"),
        small if small < 1e-3 => format!("{v:.3e}"),
        large if large >= 1e6 => format!("{v:.3e}"),
        other => format!("{v:.*}", (3.0 - other.log10().floor()).max(0.0) as usize),
    })
}

/// An interval in brackets, or nothing.
pub(super) fn interval(low: Option<f64>, high: Option<f64>) -> Option<String> {
    low.zip(high).map(|(low, high)| format!("[{low:.3}, {high:.3}]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_table_is_cut_and_says_where_the_rest_is() {
        let rows: Vec<Markup> = (0..ROWS + 3).map(|n| html! { td { (n) } }).collect();
        let page = table("Rows <a>", &["n"], &rows, "rows.csv").into_string();
        assert!(page.starts_with("<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Rows &lt;a&gt;\"><table><thead>"), "{page}");
        assert_eq!(page.matches("<td>").count(), ROWS);
        assert!(page.ends_with("<p class=\"more screen\">and 3 more rows in rows.csv</p>"), "{page}");
        assert_eq!(page.matches("<tr class=\"screen\">").count(), ROWS - PRINTED);
        assert!(page.contains(&format!("<p class=\"more paper\">and {} more rows in the HTML file and in rows.csv</p>", ROWS + 3 - PRINTED)), "{page}");
        assert_eq!(breakable("a.b_<c/d").into_string(), "a.<wbr>b_<wbr>&lt;c/<wbr>d");
        assert_eq!(prose("a `b<` c").into_string(), "a <code>b&lt;</code> c");
        let fits = table("Rows", &["n"], &rows[..PRINTED], "rows.csv").into_string();
        assert!(!fits.contains("more") && !fits.contains("screen"), "{fits}");
        assert!(!table("Rows", &["n"], &rows[..ROWS], "rows.csv").into_string().contains("more screen"));
    }
}
