//! What pictures a page may hold: no pixel of any image where the reader asked for none, and no more of them than fit. It goes by
//! what is on the page, so that no chapter can forget it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hilum_stages::words::counted;

/// Bytes of pictures on a page.
pub(super) const MOST: usize = 8 << 20;

const PICTURE: &str = "<img";
const DATA: &str = " src=\"data:image/";
const SVG: &str = "svg+xml;base64,";

/// A page, and what is not on it.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Fitted {
    pub(super) page: String,
    /// Pictures that hold pixels of images.
    pub(super) images: usize,
    /// Pictures for which there was no room.
    pub(super) too_many: usize,
}

/// Puts a note into the place of each picture that may not be there.
pub(super) fn fitted(html: &str, with_images: bool, room: usize) -> Fitted {
    let mut out = Fitted { page: String::with_capacity(html.len().min(room << 1)), ..Fitted::default() };
    let (mut rest, mut room) = (html, room);
    while let Some(at) = rest.find(PICTURE) {
        let (before, from) = rest.split_at(at);
        // Within a text and an attribute of the page, `<` and `>` are written as entities.
        let (picture, after) = from.split_at(from.find('>').map_or(from.len(), |end| end + 1));
        out.page.push_str(before);
        let alt = attribute(picture, " alt=\"").unwrap_or_default();
        if !with_images && has_pixels(picture) {
            out.images += 1;
            out.page.push_str(&format!("<p class=\"left-out\">Left out, since the report is without images: {alt}.</p>"));
        } else if picture.len() > room {
            out.too_many += 1;
            out.page.push_str(&format!("<p class=\"left-out\">Left out, since the report would be too large: {alt}.</p>"));
        } else {
            room -= picture.len();
            out.page.push_str(picture);
        }
        rest = after;
    }
    out.page.push_str(rest);
    out
}

/// What is said of a page that lacks pictures; nothing where it has all.
pub(super) fn said(images: usize, too_many: usize) -> Option<String> {
    let images = (images > 0).then(|| format!("{} of real or synthetic images, as the report was asked to be without", counted(images, "picture", "pictures")));
    let too_many = (too_many > 0).then(|| format!("{} beyond the size of a report", counted(too_many, "picture", "pictures")));
    let all: Vec<String> = images.into_iter().chain(too_many).collect();
    (!all.is_empty()).then(|| format!("Left out: {}.", all.join("; ")))
}

/// True for whatever may show pixels: all but a drawing that contains no picture itself.
fn has_pixels(picture: &str) -> bool {
    let drawing = attribute(picture, DATA).and_then(|data| data.strip_prefix(SVG)).and_then(|data| STANDARD.decode(data).ok());
    drawing.is_none_or(|svg| {
        let text = String::from_utf8_lossy(&svg).to_lowercase();
        ["<image", "data:image", "<foreignobject"].iter().any(|word| text.contains(word))
    })
}

fn attribute<'a>(picture: &'a str, name: &str) -> Option<&'a str> {
    picture.split_once(name)?.1.split_once('"').map(|(value, _)| value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::drawing::{png, svg};

    #[test]
    fn pixels_stay_away_wherever_they_hide_and_drawings_stay() {
        let drawing = svg(b"<svg><path d=\"M0 0\"/></svg>", "a <curve>").into_string();
        let hidden = svg(b"<svg><IMAGE href=\"data:image/png;base64,xx\"/></svg>", "hidden").into_string();
        let page = format!("<p>a</p>{drawing}<b>{}</b>{hidden}<img alt=\"odd\">end", png(b"\x89PNG", "lungs").into_string());
        let without = fitted(&page, false, MOST);
        assert_eq!((without.images, without.too_many), (3, 0));
        assert!(without.page.contains(&drawing) && !without.page.contains("data:image/png") && without.page.ends_with("end"), "{}", without.page);
        assert!(without.page.contains("<b><p class=\"left-out\">Left out, since the report is without images: lungs.</p></b>"), "{}", without.page);
        assert_eq!(fitted(&page, true, MOST), Fitted { page, images: 0, too_many: 0 });
    }

    #[test]
    fn a_page_has_no_more_pictures_than_fit() {
        let picture = png(&[7; 600], "large").into_string();
        let page = [picture.as_str(), "<p>text</p>", &picture, &picture].concat();
        let cut = fitted(&page, true, picture.len() * 2);
        assert_eq!((cut.images, cut.too_many, cut.page.matches("data:image/png").count()), (0, 1, 2));
        assert!(cut.page.len() < page.len() && cut.page.contains("<p>text</p>"));
        assert_eq!(
            said(2, 1).unwrap(),
            "Left out: 2 pictures of real or synthetic images, as the report was asked to be without; 1 picture beyond the size of a report."
        );
        assert_eq!(said(0, 0), None);
    }
}
