//! The text of a table: its encoding, its delimiter, and unterminated quotes. Independent of what columns mean.

use crate::contract::prelude::*;
use encoding_rs::Encoding;
use hilum_cache::names;
use std::borrow::Cow;
use unicode_normalization::UnicodeNormalization;

/// How programs write missing values.
const NOTHING: &[&str] = &["", "[]", "nan", "na", "n/a", "none", "null", "nil", "<na>"];

/// True for a missing value.
pub(super) fn is_nothing(cell: &str) -> bool {
    NOTHING.contains(&cell.trim().to_ascii_lowercase().as_str())
}

/// The encoding of this name, as in browsers or Python: `latin1`, `windows-1252`, `gb18030`, `utf_8_sig`.
pub(super) fn encoding(name: &str) -> Option<&'static Encoding> {
    let name = name.trim().to_ascii_lowercase();
    let spellings = [name.clone(), name.replace('_', "-"), name.replace(['-', '_'], ""), name.replace(['-', '_'], "").replace("utf8sig", "utf8")];
    spellings.iter().find_map(|name| Encoding::for_label(name.as_bytes()))
}

/// The text of a file in an encoding; by default UTF-8, or UTF-16 if there is a byte order mark.
///
/// # Errors
/// Where it is not: names the line.
pub(super) fn decoded<'a>(bytes: &'a [u8], encoding: Option<&'static Encoding>) -> Result<Cow<'a, str>> {
    if let Some(encoding) = encoding {
        refuse_workbook(bytes)?;
        let (text, used, is_damaged) = encoding.decode(bytes);
        return if is_damaged { Err(Error::helped(format!("the text is not {}", used.name()), "set `encoding` to that of the file")) } else { Ok(text) };
    }
    let wide = |of: fn([u8; 2]) -> u16, bytes: &[u8]| {
        let units: Vec<u16> = bytes.as_chunks::<2>().0.iter().map(|pair| of(*pair)).collect();
        let whole = bytes.len().is_multiple_of(2);
        let text = String::from_utf16(&units).ok().filter(|_| whole);
        text.map(Cow::Owned).ok_or_else(|| Error::helped("the text has the byte order mark of UTF-16 but is not UTF-16", "save it as UTF-8"))
    };
    refuse_workbook(bytes)?;
    match bytes {
        [0xff, 0xfe, rest @ ..] => wide(u16::from_le_bytes, rest),
        [0xfe, 0xff, rest @ ..] => wide(u16::from_be_bytes, rest),
        _ if bytes.contains(&0) => Err(Error::helped("this is not text in UTF-8", "if it is UTF-16 without a byte order mark, set `encoding: utf-16le`")),
        _ => {
            let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
            std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|e| {
                let line = 1 + bytes[..e.valid_up_to()].iter().filter(|b| **b == b'\n').count();
                Error::helped(format!("line {line} is not UTF-8"), "save it as UTF-8 (`CSV UTF-8` in spreadsheets), or set `encoding`, such as `latin1`")
            })
        }
    }
}

/// Refuses compressed files and workbooks.
fn refuse_workbook(bytes: &[u8]) -> Result<()> {
    if bytes.starts_with(&[0x1f, 0x8b]) {
        return Err(Error::helped("this is a compressed file", "decompress it"));
    }

    let is_workbook = bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"\xd0\xcf\x11\xe0");
    if is_workbook { Err(Error::helped("this is a spreadsheet workbook, not a text file", "save the sheet as CSV (`CSV UTF-8`)")) } else { Ok(()) }
}

/// A table without the `sep=` line of spreadsheets, and the delimiter that it gives.
pub(super) fn without_separator_line(text: &str) -> (&str, Option<u8>) {
    let first = text.trim_start_matches(['\r', '\n']);
    match first.as_bytes() {
        [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', delimiter] => ("", Some(*delimiter)),
        [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', delimiter, b'\r' | b'\n', ..] => (&first[5..], Some(*delimiter)),
        _ => (text, None),
    }
}

/// The delimiter of a table with these columns: a comma, unless only another one yields them.
pub(super) fn delimiter(text: &str, columns: &[&str]) -> u8 {
    let header = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let gives = |delimiter: u8| {
        let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).trim(csv::Trim::All).has_headers(false).from_reader(header.as_bytes());
        reader.records().next().is_some_and(|r| r.is_ok_and(|cells| columns.iter().all(|c| cells.iter().any(|cell| cell == *c))))
    };
    [b',', b';', b'\t', b'|'].into_iter().find(|d| gives(*d)).unwrap_or(b',')
}

/// True for a JSON list of mappings.
pub(super) fn is_list(text: &str) -> bool {
    text.trim_start().strip_prefix('[').is_some_and(|list| list.trim_start().starts_with('{'))
}

/// A table as far as its header goes: all of it where that is in a list of mappings.
pub(super) fn heading(text: &str) -> &str {
    if is_list(text) {
        return text;
    }
    let rest = without_separator_line(text).0;
    let blank = rest.len() - rest.trim_start().len();
    // Only a quote at the start of a cell may have a line break behind it.
    let (mut is_quoted, mut at_start) = (false, true);
    let end = rest[blank..].find(|c| {
        is_quoted = if is_quoted { c != '"' } else { c == '"' && at_start };
        at_start = matches!(c, ',' | ';' | '\t' | '|') || at_start && c == ' ';
        !is_quoted && matches!(c, '\n' | '\r')
    });
    &text[..text.len() - rest.len() + end.map_or(rest.len(), |end| blank + end)]
}

/// The index of a column in the header of `what`.
///
/// # Errors
/// Where there is none of this name, or several.
pub(super) fn column(header: &csv::StringRecord, name: &str, what: &str) -> Result<usize> {
    if header.iter().filter(|h| *h == name).count() > 1 {
        return Err(Error::helped(format!("{what} has several columns `{name}`"), "give each column a name of its own"));
    }
    // Programs encode é in two ways; a header and a study may differ in that.
    let plain = |text: &str| text.nfc().filter(|c| names::is_shown(*c)).collect::<String>();
    header.iter().position(|h| h == name || plain(h) == plain(name)).ok_or_else(|| {
        let known: Vec<&str> = header.iter().collect();
        Error::helped(format!("{what} has no column `{name}`"), format!("it has these columns: {}", known.join(", ")))
    })
}

/// Looks for a quote that swallows what follows: one that is not closed, or one with text after its end.
///
/// # Errors
/// Where there is one: names the line on which it starts.
pub(super) fn check_quotes(text: &str, delimiter: u8) -> Result<()> {
    let help = "remove the quote, or write it twice within a quoted cell";
    let (mut line, mut start, mut quoted, mut at_start) = (1, 0, false, true);
    let mut bytes = text.bytes().peekable();
    while let Some(byte) = bytes.next() {
        line += usize::from(byte == b'\n');
        if quoted {
            if byte == b'"' {
                match bytes.peek() {
                    Some(b'"') => drop(bytes.next()),
                    None | Some(b'\n' | b'\r' | b' ') => quoted = false,
                    Some(next) if *next == delimiter => quoted = false,
                    Some(_) => {
                        return Err(Error::helped(format!("the quote that starts on line {start} of the table ends on line {line}, within a cell"), help));
                    }
                }
            }
            continue;
        }
        if byte == b'"' && at_start {
            (quoted, start) = (true, line);
        }
        at_start = byte == delimiter || byte == b'\n' || byte == b'\r' || at_start && byte == b' ';
    }
    if quoted { Err(Error::helped(format!("the quote on line {start} of the table is not closed"), help)) } else { Ok(()) }
}

/// Age in years, as tables and DICOM headers spell it: `45`, `45.5`, `045Y`, `018M`, `50+`. None beyond 0 to 130 years.
pub(super) fn age(cell: &str) -> Option<f64> {
    let text = cell.trim();
    let (number, years) = match text.char_indices().next_back()? {
        (at, 'Y' | 'y' | '+') => (&text[..at], 1.0),
        (at, 'M' | 'm') => (&text[..at], 1.0 / 12.0),
        (at, 'W' | 'w') => (&text[..at], 7.0 / 365.25),
        (at, 'D' | 'd') => (&text[..at], 1.0 / 365.25),
        _ => (text, 1.0),
    };
    let age = number.trim().replacen(',', ".", 1).parse::<f64>().ok()? * years;
    (0.0..=130.0).contains(&age).then_some(age)
}

/// A cell without control characters and invisible characters.
pub(super) fn clean(cell: &str) -> Cow<'_, str> {
    let is_fine = |c: char| c == '\\' || names::is_shown(c);
    if cell.chars().all(is_fine) { Cow::Borrowed(cell) } else { Cow::Owned(cell.chars().filter(|c| is_fine(*c)).collect()) }
}

/// Sex in one spelling if it is known: `M` or `F`; otherwise unchanged.
pub(super) fn sex(cell: &str) -> String {
    match cell.trim().to_ascii_lowercase().as_str() {
        "m" | "male" | "man" => "M".into(),
        "f" | "female" | "woman" | "w" => "F".into(),
        _ => cell.trim().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_read_as_programs_write_them() {
        let text = "who,é\n1,2\n";
        let wide: Vec<u16> = text.encode_utf16().collect();
        let little: Vec<u8> = [0xff, 0xfe].into_iter().chain(wide.iter().flat_map(|u| u.to_le_bytes())).collect();
        let big: Vec<u8> = [0xfe, 0xff].into_iter().chain(wide.iter().flat_map(|u| u.to_be_bytes())).collect();
        let marked = [b"\xef\xbb\xbf", text.as_bytes()].concat();
        for bytes in [text.as_bytes(), &little, &big, &marked] {
            assert_eq!(decoded(bytes, None).unwrap(), text);
        }
        assert!(decoded(&little[..5], None).is_err());
        assert!(decoded(b"who\n\xe9\n", None).unwrap_err().to_string().contains("line 2"));
        assert_eq!(without_separator_line("\nsep=;\r\na;b\n"), ("\r\na;b\n", Some(b';')));
        assert_eq!(without_separator_line("sep=,x\n"), ("sep=,x\n", None));
        assert_eq!(delimiter("\n \na;b\n", &["a", "b"]), b';');
        for (text, header) in [
            ("a,b\n1,2\n", "a,b"),
            ("\n\na,b\r\n1,2", "\n\na,b"),
            ("sep=;\r\na;b\n1;2\n", "sep=;\r\na;b"),
            ("\"a\nb\",c\n1,2", "\"a\nb\",c"),
            ("size (\"),a\n1,2\n", "size (\"),a"),
            ("[a],{b}\n1,2\n", "[a],{b}"),
            ("a,b", "a,b"),
            (" [ {\"a\": 1}\n]", " [ {\"a\": 1}\n]"),
            ("", ""),
        ] {
            assert_eq!(heading(text), header);
        }
        assert_eq!(decoded(b"who\n\xe9\n", encoding("latin1")).unwrap(), "who\né\n");
        assert!(decoded(b"\xff\xff", encoding("gb18030")).is_err() && encoding("latin-nine").is_none());
        assert!(["latin-1", "latin_1", "utf_8", "utf-8-sig", "cp1252", "Shift_JIS"].iter().all(|name| encoding(name).is_some()));
        assert!(decoded(b"PK\x03\x04", None).unwrap_err().to_string().contains("workbook"));
        for (header, found) in [("a,b", b','), ("a;b", b';'), ("a\tb", b'\t'), ("\"a\"|\"b\"", b'|'), ("a;b,c", b','), ("c", b',')] {
            assert_eq!(delimiter(header, &["a", "b"]), if header == "a;b,c" { b',' } else { found }, "{header}");
        }
    }

    #[test]
    fn quotes_end_where_cells_end() {
        for good in ["a,b\n\"x, y\",2\n", "a\n\"two\nlines\"\n", "a\n\"say \"\"hm\"\"\"\r\n", "a\n5\" image,1\n", "a, \"b\"\n", ""] {
            assert!(check_quotes(good, b',').is_ok(), "{good:?}");
        }
        let why = |text: &str| check_quotes(text, b',').unwrap_err().to_string();
        assert!(why("a,b\n1,\"x\n2,y\n").contains("line 2"));
        assert!(why("a,b\n1,x\n2,\"y\n3,z\n4,\"w\n").contains("starts on line 3"));
    }

    #[test]
    fn ages_are_years() {
        let cases = [
            ("45", Some(45.0)),
            (" 045Y ", Some(45.0)),
            ("018M", Some(1.5)),
            ("50+", Some(50.0)),
            ("35,5", Some(35.5)),
            ("1e3", None),
            ("-1", None),
            ("150", None),
            ("", None),
            ("é", None),
            ("nan", None),
        ];
        for (cell, years) in cases {
            assert_eq!(age(cell), years, "{cell}");
        }
    }
}
