//! Drawings inside the page. Ids are global to a page, and every drawing of one library calls its clip path the same: put
//! beside each other as they are, all would be cut by the first one's frame.

use maud::{Markup, PreEscaped};

/// An SVG with ids of its own.
pub(super) fn drawing(svg: &str) -> Markup {
    let own = &hilum_cache::Digest::of(svg.as_bytes()).hex()[..8];
    PreEscaped(svg.replace(" id=\"", &format!(" id=\"d{own}-")).replace("url(#", &format!("url(#d{own}-")).replace("href=\"#", &format!("href=\"#d{own}-")))
}

#[cfg(test)]
mod tests {
    use super::drawing;

    #[test]
    fn two_drawings_share_no_id() {
        let svg = |x: u32| format!("<svg><clipPath id=\"c\"><rect x=\"{x}\"/></clipPath><g clip-path=\"url(#c)\"/></svg>");
        let [a, b] = [1, 2].map(|x| drawing(&svg(x)).into_string());
        let id = |s: &str| s.split("id=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        assert_ne!(id(&a), id(&b));
        assert!(a.contains(&format!("url(#{})", id(&a))));
    }
}
