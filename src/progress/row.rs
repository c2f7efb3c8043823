//! One line of a stage under way that fits into the width of a terminal: its name, how far it is, and what else there is room
//! for. Independent of terminals.

use super::words::remaining;
use hilum_stages::contract::context::Progress;
use std::time::Duration;

/// Columns of a name, at least and at most.
const NAME: (usize, usize) = (12, 40);
/// Columns of a bar, if there is room for one.
const BARS: [usize; 2] = [20, 10];

/// Columns by which a line goes on that was broken.
const INDENT: usize = 4;

/// The line, of at most `width` columns.
pub(super) fn row(name: &str, progress: Option<&Progress>, left: Option<Duration>, width: usize) -> String {
    let columns = (width * 2 / 5).clamp(NAME.0, NAME.1);
    let mut out = format!("  {:columns$}", middle(name, columns));
    let Some(p) = progress else { return cut(out.trim_end(), width) };
    let total = p.total.to_string();
    let mut parts = vec![format!("{:>1$} of {total}", p.done, total.len())];
    parts.extend(left.map(remaining));
    parts.extend(p.values.iter().map(|(name, value)| format!("{name} {value:.3}")));
    let all: usize = parts.iter().map(|part| 2 + part.chars().count()).sum();
    if let Some(columns) = BARS.into_iter().find(|columns| length(&out) + 2 + columns + all <= width) {
        out += &format!("  {}", bar(p.done, p.total, columns));
    }
    for part in parts {
        if length(&out) + 2 + length(&part) > width {
            break;
        }
        out += &format!("  {part}");
    }
    cut(&out, width)
}

/// A text in lines of at most `width` columns, broken at spaces; what follows is indented. Longer words are not broken.
pub(super) fn fold(text: &str, width: usize) -> String {
    let mut out = String::with_capacity(text.len());
    let mut column = 0;
    for word in text.split_inclusive(' ') {
        let columns = length(word.trim_end());
        if column > INDENT && column + columns > width {
            out.truncate(out.trim_end().len());
            out += "\n";
            out += &" ".repeat(INDENT);
            column = INDENT;
        }
        out += word;
        column += length(word);
    }
    out
}

/// A bar of a given width.
pub(super) fn bar(done: u64, total: u64, columns: usize) -> String {
    let filled = ((columns as u64).saturating_mul(done.min(total)) / total.max(1)) as usize;
    "█".repeat(filled) + &"░".repeat(columns - filled)
}

/// A text of at most `most` characters: a longer one loses its middle, since cells differ at their ends.
pub(super) fn middle(text: &str, most: usize) -> String {
    let letters: Vec<char> = text.chars().collect();
    if letters.len() <= most {
        return text.to_owned();
    }
    let end = most.saturating_sub(1) / 2;
    let begin = most.saturating_sub(1) - end;
    letters[..begin].iter().chain(&['…']).chain(&letters[letters.len() - end..]).take(most).collect()
}

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

fn length(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress() -> Progress {
        Progress { done: 120, total: 900, unit: "step".into(), values: vec![("D".into(), 0.5123), ("G".into(), 1.25)] }
    }

    #[test]
    fn the_middle_of_a_long_name_is_left_out() {
        assert_eq!(middle("classifier/arm=real/repeat=0", 28), "classifier/arm=real/repeat=0");
        assert_eq!(middle("classifier/arm=real/repeat=0", 21), "classifier…l/repeat=0");
        assert_eq!((middle("abcdef", 3).as_str(), middle("abcdef", 1).as_str(), middle("abcdef", 0).as_str()), ("a…f", "…", ""));
        assert_eq!(middle("größeres", 5), "gr…es");
    }

    #[test]
    fn a_line_never_is_wider_than_the_terminal() {
        let far = Progress { done: u64::MAX, total: u64::MAX, ..progress() };
        for width in 0..200 {
            for p in [None, Some(&progress()), Some(&far)] {
                for name in ["images", "classifier/arm=real+synthetic/fold=13/repeat=0"] {
                    let line = row(name, p, Some(Duration::from_secs(7321)), width);
                    assert!(length(&line) <= width, "{width}: {line}");
                }
            }
        }
    }

    #[test]
    fn what_matters_most_is_there_at_60_columns_and_everything_at_140() {
        let line = |width| row("classifier/arm=real+synthetic/repeat=0", Some(&progress()), Some(Duration::from_secs(42)), width);
        assert_eq!(line(60), "  classifier/a…ic/repeat=0  120 of 900  42 s left  D 0.512");
        assert_eq!(line(80), "  classifier/arm=r…thetic/repeat=0  120 of 900  42 s left  D 0.512  G 1.250");
        assert_eq!(line(140), "  classifier/arm=real+synthetic/repeat=0    ██░░░░░░░░░░░░░░░░░░  120 of 900  42 s left  D 0.512  G 1.250");
    }

    #[test]
    fn a_line_is_broken_at_spaces_and_nothing_is_lost() {
        let text = "map   pending (waits for `split`, `classifier/arm=repeated/repeat=0`): not run before";
        assert_eq!(fold(text, 200), text);
        assert_eq!(fold(text, 40), "map   pending (waits for `split`,\n    `classifier/arm=repeated/repeat=0`):\n    not run before");
        for width in 0..100 {
            assert_eq!(fold(text, width).split_whitespace().collect::<Vec<_>>(), text.split_whitespace().collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_bar_is_as_full_as_the_work_is_done() {
        assert_eq!((bar(0, 4, 4), bar(1, 4, 4), bar(4, 4, 4)), ("░░░░".into(), "█░░░".into(), "████".into()));
        assert_eq!((bar(0, 0, 2), bar(9, 4, 2)), ("░░".into(), "██".into()));
    }
}
