//! Why values of a table have no interval: once below the table where all have one reason, by letters beside the values where there
//! are several. Independent of what the values are.

use hilum_stages::distinct::distinct;
use maud::{Markup, html};

/// What is said where a record does not say it.
const UNSAID: &str = "the record does not say why";

/// The reasons of a table, each once.
pub(super) struct Reasons<'a>(Vec<&'a str>);

impl<'a> Reasons<'a> {
    /// Those of the values that have no interval.
    pub(super) fn of(all: impl IntoIterator<Item = &'a str>) -> Reasons<'a> {
        Reasons(distinct(all.into_iter().map(said)))
    }

    /// What stands in the place of an interval.
    pub(super) fn no_interval(&self, reason: &str) -> Markup {
        html! { "no interval" (self.mark(reason)) }
    }

    /// The letter of a reason; nothing where there is no other.
    pub(super) fn mark(&self, reason: &str) -> Markup {
        let at = self.0.iter().position(|known| *known == said(reason)).filter(|_| self.0.len() > 1);
        html! { @if let Some(at) = at { sup { (letter(at)) } } }
    }

    /// The note below the table; nothing where every value has an interval.
    pub(super) fn below(&self) -> Markup {
        match self.0.as_slice() {
            [] => html! {},
            [only] => html! { p.more { "Where there is no interval: " (only) "." } },
            several => html! { p.more {
                "Where there is no interval: "
                @for (n, reason) in several.iter().enumerate() { @if n > 0 { "; " } sup { (letter(n)) } " " (reason) } "."
            } },
        }
    }
}

fn said(reason: &str) -> &str {
    if reason.is_empty() { UNSAID } else { reason }
}

/// `a` to `z`, and `a1` after that.
fn letter(n: usize) -> String {
    let letter = char::from(b'a' + (n % 26) as u8);
    if n < 26 { letter.to_string() } else { format!("{letter}{}", n / 26) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_reason_is_said_once_and_several_have_letters() {
        let one = Reasons::of(["too <few>", "too <few>"]);
        assert_eq!(one.no_interval("too <few>").into_string(), "no interval");
        assert_eq!(one.below().into_string(), "<p class=\"more\">Where there is no interval: too &lt;few&gt;.</p>");
        let two = Reasons::of(["few", "", "few"]);
        assert_eq!(two.no_interval("").into_string(), "no interval<sup>b</sup>");
        assert!(two.below().into_string().contains("<sup>a</sup> few; <sup>b</sup> the record does not say why."));
        assert_eq!(Reasons::of([]).below().into_string(), "");
        assert_eq!([letter(0), letter(25), letter(26)], ["a", "z", "a1"]);
    }
}
