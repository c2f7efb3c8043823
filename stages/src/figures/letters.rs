//! How wide texts are, how they are cut and where lines break. Widths are those of DejaVu Sans, the font of the PNG files and a
//! wide one: what fits in it fits in the fonts of browsers.

/// The widths of ` ` to `~` in thousandths of the size of the font.
const WIDTHS: [u16; 95] = [
    318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337, 636, 636, 636, 636, 636, 636, 636, 636, 636, 636, 337, 337, 838, 838, 838,
    531, 1000, 684, 686, 698, 770, 632, 575, 775, 752, 295, 295, 656, 557, 863, 748, 787, 603, 787, 695, 635, 611, 732, 684, 989, 685, 611, 685, 390, 337, 390,
    838, 500, 500, 613, 635, 550, 635, 615, 352, 635, 634, 278, 278, 579, 278, 974, 634, 612, 635, 635, 411, 521, 392, 634, 592, 818, 592, 592, 525, 636, 337,
    636, 838,
];
/// That of any other letter: no narrower than it can be.
const OTHER: u16 = 1000;

/// How wide a text is, in pixels.
pub(super) fn width(text: &str, size: u32) -> f64 {
    let of = |c: char| (c as usize).checked_sub(32).and_then(|n| WIDTHS.get(n)).copied().unwrap_or(OTHER);
    text.chars().map(|c| f64::from(of(c))).sum::<f64>() * f64::from(size) / 1000.0
}

/// The text, cut where it is wider than that: in the middle, since names often differ in their ends.
pub(super) fn fitted(text: &str, size: u32, room: f64) -> String {
    let letters: Vec<char> = text.chars().collect();
    if width(text, size) <= room {
        return text.to_owned();
    }
    let cut = |kept: usize| {
        let (before, after) = (kept - kept / 2, kept / 2);
        letters[..before].iter().chain(['…'].iter()).chain(&letters[letters.len() - after..]).collect::<String>()
    };
    (0..letters.len()).rev().map(cut).find(|short| width(short, size) <= room).unwrap_or_else(|| "…".to_owned())
}

/// The text in lines that are no wider than that. Lines break between words, and within those that are wider than a line.
pub(super) fn wrapped(text: &str, size: u32, room: f64) -> Vec<String> {
    let mut lines: Vec<String> = vec![];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(line, size) + width(" ", size) + width(word, size) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => {
                lines.push(String::new());
                for letter in word.chars() {
                    let line = lines.last_mut().expect("BUG: a line was pushed");
                    if !line.is_empty() && width(line, size) + width(&letter.to_string(), size) > room {
                        lines.push(letter.to_string());
                    } else {
                        line.push(letter);
                    }
                }
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_as_wide_as_their_letters_and_are_cut_in_the_middle() {
        assert!((width("il", 10) - 5.56).abs() < 1e-9 && (width("m…", 10) - 19.74).abs() < 1e-9);
        assert_eq!(fitted("covid", 11, 40.0), "covid");
        let short = fitted("arm=gan/network=densenet121/repeat=7", 11, 100.0);
        assert!(short.starts_with("arm=") && short.ends_with("=7") && short.contains('…') && width(&short, 11) <= 100.0, "{short}");
        assert_eq!((fitted("wide", 11, 2.0), fitted("", 11, 0.0)), ("…".into(), String::new()));
    }

    #[test]
    fn lines_break_between_words_and_within_those_that_fit_nowhere() {
        assert_eq!(wrapped("one two  three", 10, width("one two", 10)), ["one two", "three"]);
        let long = wrapped(&"x".repeat(100), 10, 60.0);
        assert!(long.len() == 10 && long.iter().all(|line| width(line, 10) <= 60.0), "{long:?}");
        assert_eq!(wrapped(" ", 10, 50.0), Vec::<String>::new());
    }
}
