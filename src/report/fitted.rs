//! What a page may hold: no pixel of any image where the reader asked for none, and no more bytes than a page may have. It goes by
//! what is on the page, so that no chapter can forget it, and every byte is counted before it is written. What has no room is said in
//! its place: rows of tables go from their ends, after all pictures, and of pictures the largest go first.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hilum_stages::words::counted;
use maud::html;

/// Bytes of a page.
pub(super) const MOST: usize = 10_000_000;
/// Bytes of all chapters without what may be left out of them; the rest is for what stands around them.
pub(super) const TEXT: usize = 9_000_000;

const PICTURE: &str = "<img";
const DOWNLOAD: &str = "<a download=";
const ROW: &str = "<tr";
const DATA: &str = " src=\"data:image/";
const SVG: &str = "svg+xml;base64,";

/// Which page is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits<'a> {
    pub(super) with_images: bool,
    /// Bytes that there are for it.
    pub(super) room: usize,
    /// Where what has no room is to be found.
    pub(super) elsewhere: &'a str,
}

/// A page, and what is not on it.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Fitted {
    pub(super) page: String,
    /// Pictures with pixels of real images.
    pub(super) real: usize,
    /// Pictures that hold pixels of images, where they are left out.
    pub(super) images: usize,
    /// Pictures for which there was no room, files of numbers, and rows of tables.
    pub(super) no_room: [usize; 3],
}

/// A part of a page.
enum Piece<'p> {
    /// What is always there.
    Text(&'p str),
    /// What stands in the place of a picture that is not to be shown.
    LeftOut(String),
    /// A picture or a file of numbers, and what stands in its place where there is no room.
    Large { html: &'p str, note: String, is_picture: bool },
    /// A row, its table, and its place in it.
    Row(&'p str, usize, usize),
}

/// Puts a note into the place of everything that may not be there.
pub(super) fn fitted(html: &str, limits: Limits) -> Fitted {
    let pieces = pieces(html, limits);
    let keep = kept(&pieces, limits);
    let mut out = Fitted { page: String::with_capacity(html.len().min(limits.room)), ..Fitted::default() };
    let mut missing: Vec<usize> = vec![0; tables(&pieces)];
    for (piece, keep) in pieces.iter().zip(keep.iter().copied()) {
        if let (Piece::Row(_, table, _), false) = (piece, keep) {
            missing[*table] += 1;
        }
    }
    out.no_room[2] = missing.iter().sum();
    for (piece, keep) in pieces.iter().zip(keep) {
        match (piece, keep) {
            (Piece::Text(text) | Piece::Row(text, ..), true) | (Piece::Text(text), false) => out.page.push_str(text),
            (Piece::LeftOut(note), _) => {
                out.images += 1;
                out.page.push_str(note);
            }
            (Piece::Large { html, is_picture, .. }, true) => {
                out.real += usize::from(*is_picture && has_pixels(html) && !html.contains(SYNTHETIC));
                out.page.push_str(html);
            }
            (Piece::Large { note, is_picture, .. }, false) => {
                out.no_room[usize::from(!is_picture)] += 1;
                out.page.push_str(note);
            }
            (Piece::Row(_, table, _), false) => {
                let rows = std::mem::take(&mut missing[*table]);
                out.page.push_str(&if rows > 0 { of_rows(rows, limits.elsewhere) } else { String::new() });
            }
        }
    }
    out
}

/// Bytes of a part of a page without everything that may be left out of it, but with the notes about that.
pub(super) fn least(html: &str, elsewhere: &str) -> usize {
    let limits = Limits { with_images: true, room: 0, elsewhere };
    let pieces = pieces(html, limits);
    fixed(&pieces) + tables(&pieces) * of_rows(usize::MAX, elsewhere).len()
}

/// What marks a picture whose pixels are all of synthetic images.
pub(super) const SYNTHETIC: &str = " data-shows=\"synthetic\"";

fn pieces<'p>(html: &'p str, limits: Limits) -> Vec<Piece<'p>> {
    let (mut out, mut from, mut at) = (vec![], 0, 0);
    let (mut table, mut row, mut rows_of) = (0, 0, 0);
    let elsewhere = html! { (limits.elsewhere) }.into_string();
    while let Some(next) = html[at..].find('<').map(|n| at + n) {
        let rest = &html[next..];
        // Within a text and an attribute of the page, `<` and `>` are written as entities.
        let (end, piece) = if rest.starts_with(PICTURE) {
            let picture = &rest[..rest.find('>').map_or(rest.len(), |end| end + 1)];
            let (alt, place) = (attribute(picture, " alt=\"").unwrap_or_default(), attribute(picture, FROM).unwrap_or(&elsewhere));
            let piece = match !limits.with_images && has_pixels(picture) {
                true => Piece::LeftOut(format!("<p class=\"left-out\">Left out, since the report is without images: {alt}.</p>")),
                false => {
                    let note = format!("<p class=\"left-out\">Left out, since the report would be too large: {alt}. See <code>{place}</code>.</p>");
                    Piece::Large { html: picture, note, is_picture: true }
                }
            };
            (next + picture.len(), piece)
        } else if rest.starts_with(DOWNLOAD) {
            let download = &rest[..rest.find("</a>").map_or(rest.len(), |end| end + "</a>".len())];
            let note = format!("numbers left out, since the report would be too large: see <code>{elsewhere}</code>");
            (next + download.len(), Piece::Large { html: download, note, is_picture: false })
        } else if rest.starts_with(ROW) {
            let whole = &rest[..rest.find("</tr>").map_or(rest.len(), |end| end + "</tr>".len())];
            // A row with a picture is taken apart, and so are heads, which are always there.
            if [PICTURE, DOWNLOAD, " scope=\"col\""].iter().any(|part| whole.contains(part)) || whole[ROW.len()..].contains(ROW) {
                at = next + ROW.len();
                continue;
            }
            row += 1;
            rows_of = table + 1;
            (next + whole.len(), Piece::Row(whole, table, row))
        } else {
            if rest.starts_with("<table") {
                (table, row) = (rows_of, 0);
            }
            at = next + 1;
            continue;
        };
        out.push(Piece::Text(&html[from..next]));
        out.push(piece);
        (from, at) = (end, end);
    }
    out.push(Piece::Text(&html[from..]));
    out
}

/// How many tables have rows that may be left out.
fn tables(pieces: &[Piece]) -> usize {
    pieces.iter().map(|piece| if let Piece::Row(_, table, _) = piece { table + 1 } else { 0 }).max().unwrap_or(0)
}

/// Bytes that are on the page in any case.
fn fixed(pieces: &[Piece]) -> usize {
    let bytes = |piece: &Piece| match piece {
        Piece::Text(text) => text.len(),
        Piece::LeftOut(note) => note.len(),
        Piece::Large { html, note, .. } => note.len().min(html.len()),
        Piece::Row(..) => 0,
    };
    pieces.iter().map(bytes).sum()
}

/// For which pieces there is room.
fn kept(pieces: &[Piece], limits: Limits) -> Vec<bool> {
    let mut keep = vec![false; pieces.len()];
    let notes = tables(pieces) * of_rows(usize::MAX, limits.elsewhere).len();
    let mut room = limits.room.saturating_sub(fixed(pieces) + notes);
    // Of each table the first rows: numbers before pictures.
    let mut rows: Vec<(usize, usize)> =
        pieces.iter().enumerate().filter_map(|(n, p)| if let Piece::Row(_, _, row) = p { Some((*row, n)) } else { None }).collect();
    rows.sort_unstable();
    let mut large: Vec<(usize, usize)> = vec![];
    for (n, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Text(_) | Piece::LeftOut(_) => keep[n] = true,
            Piece::Large { html, note, .. } => large.push((html.len().saturating_sub(note.len()), n)),
            Piece::Row(..) => {}
        }
    }
    large.sort_unstable();
    let all_rows = rows.into_iter().map(|(_, n)| (if let Piece::Row(html, ..) = &pieces[n] { html.len() } else { 0 }, n));
    for part in [all_rows.collect::<Vec<_>>(), large] {
        for (bytes, n) in part {
            // After the first that does not fit, none of its sort: a table has no gaps.
            let Some(left) = room.checked_sub(bytes) else { break };
            (room, keep[n]) = (left, true);
        }
    }
    keep
}

/// What stands in the place of the last rows of a table.
fn of_rows(rows: usize, elsewhere: &str) -> String {
    let said = format!("and {}, left out since the report would be too large: see ", counted(rows, "more row", "more rows"));
    html! { tr { td.left-out colspan="9" { (said) code { (elsewhere) } } } }.into_string()
}

/// What is said of a page that lacks something; nothing where it has all.
pub(super) fn said(page: &Fitted) -> Option<String> {
    let images = page.images;
    let images = (images > 0).then(|| format!("{} of real or synthetic images, as the report was asked to be without", counted(images, "picture", "pictures")));
    let words = [["picture", "pictures"], ["file of numbers", "files of numbers"], ["row of a table", "rows of tables"]];
    let beyond =
        page.no_room.iter().zip(words).filter(|(n, _)| **n > 0).map(|(n, [one, several])| format!("{} beyond the size of a report", counted(*n, one, several)));
    let all: Vec<String> = images.into_iter().chain(beyond).collect();
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

/// Where a picture, or what it is drawn from, is among the results.
const FROM: &str = " data-from=\"";

fn attribute<'a>(picture: &'a str, name: &str) -> Option<&'a str> {
    picture.split_once(name)?.1.split_once('"').map(|(value, _)| value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::drawing::{Picture, svg};
    use crate::report::wide::table;
    use maud::Markup;

    const ALL: Limits = Limits { with_images: true, room: MOST, elsewhere: "results/s" };

    fn png(bytes: &[u8], alt: &str) -> Markup {
        Picture::png(bytes, alt).of("results/s/gan/grid").html()
    }

    #[test]
    fn pixels_stay_away_wherever_they_hide_and_drawings_stay() {
        let drawing = svg(b"<svg><path d=\"M0 0\"/></svg>", "a <curve>", "x").into_string();
        let hidden = svg(b"<svg><IMAGE href=\"data:image/png;base64,xx\"/></svg>", "hidden", "x").into_string();
        let row = format!("<table><tbody><tr><td>{}</td></tr></tbody></table>", png(b"\x89PNG", "in a row").into_string());
        let page = format!("<p>a</p>{drawing}<b>{}</b>{hidden}<img alt=\"odd\">{row}end", png(b"\x89PNG", "lungs").into_string());
        let without = fitted(&page, Limits { with_images: false, ..ALL });
        assert_eq!((without.images, without.no_room, without.real), (4, [0; 3], 0));
        assert!(without.page.contains(&drawing) && !without.page.contains("data:image/png") && without.page.ends_with("end"), "{}", without.page);
        assert!(without.page.contains("<b><p class=\"left-out\">Left out, since the report is without images: lungs.</p></b>"), "{}", without.page);
        assert_eq!(fitted(&page, ALL), Fitted { page, real: 4, images: 0, no_room: [0; 3] });
        let synthetic = Picture::png(b"\x89PNG", "made").synthetic().html().into_string();
        assert_eq!(fitted(&synthetic, ALL).real, 0);
    }

    #[test]
    fn of_pictures_without_room_the_largest_are_left_out_and_named_with_their_place() {
        let [small, large] = [600, 6000].map(|n| png(&vec![7; n], &format!("of {n} <bytes>")).into_string());
        let page = [large.as_str(), "<p>text</p>", &small, &small].concat();
        let room = page.len() - 100;
        let cut = fitted(&page, Limits { room, ..ALL });
        assert_eq!((cut.no_room, cut.real, cut.page.matches("data:image/png").count()), ([1, 0, 0], 2, 2));
        assert!(cut.page.len() <= room && cut.page.contains("<p>text</p>"));
        assert!(cut.page.starts_with(
            "<p class=\"left-out\">Left out, since the report would be too large: of 6000 &lt;bytes&gt;. See <code>results/s/gan/grid</code>.</p>"
        ));
        let of = |images, no_room| said(&Fitted { images, no_room, ..Fitted::default() });
        assert_eq!(
            of(2, [1, 0, 3]).unwrap(),
            "Left out: 2 pictures of real or synthetic images, as the report was asked to be without; 1 picture beyond the size of a report; \
             3 rows of tables beyond the size of a report."
        );
        assert_eq!(of(0, [0; 3]), None);
    }

    #[test]
    fn tables_lose_their_last_rows_after_all_pictures() {
        let rows: Vec<Markup> = (0..90).map(|n| html! { td { "row " (n) " of many" } }).collect();
        let tables = [table("one", &["head"], &rows, "").into_string(), table("two", &["head"], &rows, "").into_string()].concat();
        let page = format!("{tables}{}", png(&[7; 600], "p").into_string());
        let whole = fitted(&page, Limits { room: page.len() + 600, ..ALL });
        assert_eq!((whole.page.as_str(), whole.no_room), (page.as_str(), [0; 3]));
        let room = tables.len() / 2;
        let cut = fitted(&page, Limits { room, ..ALL });
        assert!(cut.page.len() <= room && cut.no_room[0] == 1 && cut.no_room[2] > 60, "{:?}", cut.no_room);
        assert_eq!((cut.page.matches(">head</th>").count(), cut.page.matches("row 9 of many").count(), cut.page.matches("row 89 of").count()), (2, 2, 0));
        assert_eq!(cut.page.matches(" more rows, left out since the report would be too large: see <code>results/s</code>").count(), 2, "{}", cut.page);
    }
}
