//! File names from records. A record may come from anyone: a name must stay below its directory and be printable.

/// Components that a file system takes.
const MAX_COMPONENT: usize = 255;

/// True for a relative name with `/` between plain components: none of them empty, `.` or `..`, none hidden, none too long, and no
/// character that a terminal would act upon or a reader would not see.
pub fn is_plain(name: &str) -> bool {
    let plain = |part: &str| !part.is_empty() && !part.starts_with('.') && part.len() <= MAX_COMPONENT && part.chars().all(is_shown);
    !name.is_empty() && name.split('/').all(plain)
}

/// False for control characters and for those that turn the direction of text.
pub fn is_shown(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{e0000}'..='\u{e007f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_down_and_nowhere_else() {
        for good in ["a.csv", "images/00001.png", "classifier/arm=real+synthetic/repeat=0/weights.safetensors", "é.svg"] {
            assert!(is_plain(good), "{good}");
        }
        let long = "x".repeat(256);
        let bad =
            ["", "/etc/passwd", "../a", "a/../b", "a//b", "a/", "./a", ".hidden", "a/.ssh/b", "a\nb", "a\u{1b}[2J", "a\u{202e}gnp.exe", "a\\b", "a\0b", &long];
        for bad in bad {
            assert!(!is_plain(bad), "{bad:?}");
        }
    }
}
