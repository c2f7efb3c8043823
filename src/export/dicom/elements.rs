//! Data elements of DICOM in explicit VR, little endian (PS3.5, 7.1.2), in ascending order of their tags. Independent of what they say.

/// An attribute by its tag, its type, and its value.
pub(super) struct Element {
    tag: (u16, u16),
    vr: &'static str,
    value: Vec<u8>,
}

impl Element {
    /// A text; types with a limit are cut to it, and what separates values or is no character of a text is a blank.
    pub(super) fn text(tag: (u16, u16), vr: &'static str, text: &str) -> Element {
        let most = match vr {
            "SH" | "CS" => 16,
            "LO" | "UI" | "PN" => 64,
            "ST" => 1024,
            _ => 10_240,
        };
        let plain = |c: char| if c == '\\' || c.is_control() { ' ' } else { c };
        Element { tag, vr, value: text.chars().map(plain).take(most).collect::<String>().trim().as_bytes().to_vec() }
    }

    /// Several words, which have no other characters.
    pub(super) fn words(tag: (u16, u16), words: &[&str]) -> Element {
        Element { tag, vr: "CS", value: words.join("\\").into_bytes() }
    }

    /// A number of 16 bits.
    pub(super) fn number(tag: (u16, u16), number: u16) -> Element {
        Element { tag, vr: "US", value: number.to_le_bytes().to_vec() }
    }

    /// Bytes.
    pub(super) fn bytes(tag: (u16, u16), bytes: &[u8]) -> Element {
        Element { tag, vr: "OB", value: bytes.to_vec() }
    }

    /// A sequence with one item, both of known length.
    pub(super) fn item(tag: (u16, u16), item: Vec<Element>) -> Element {
        let inside = encoded(item);
        let length = (inside.len() as u32).to_le_bytes();
        Element { tag, vr: "SQ", value: [&[0xfe, 0xff, 0x00, 0xe0][..], &length, &inside].concat() }
    }
}

/// Elements as bytes.
pub(super) fn encoded(mut elements: Vec<Element>) -> Vec<u8> {
    elements.sort_by_key(|element| element.tag);
    let mut out = vec![];
    for Element { tag: (group, number), vr, mut value } in elements {
        if value.len() % 2 == 1 {
            value.push(if matches!(vr, "UI" | "OB") { 0 } else { b' ' });
        }
        out.extend(group.to_le_bytes());
        out.extend(number.to_le_bytes());
        out.extend(vr.as_bytes());
        match vr {
            "OB" | "SQ" => {
                out.extend([0, 0]);
                out.extend((value.len() as u32).to_le_bytes());
            }
            _ => out.extend((value.len() as u16).to_le_bytes()),
        }
        out.extend(value);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_in_order_and_of_even_length() {
        let bytes = encoded(vec![
            Element::number((0x0028, 0x0010), 3),
            Element::text((0x0008, 0x103e), "LO", "a\\b\n\u{e9}"),
            Element::item((0x0008, 0x2112), vec![Element::text((0x0008, 0x0100), "SH", "1")]),
        ]);
        let expected = [
            &b"\x08\x00\x3e\x10LO\x06\x00a b \xc3\xa9"[..],
            b"\x08\x00\x12\x21SQ\x00\x00\x12\x00\x00\x00\xfe\xff\x00\xe0\x0a\x00\x00\x00\x08\x00\x00\x01SH\x02\x001 ",
            b"\x28\x00\x10\x00US\x02\x00\x03\x00",
        ];
        assert_eq!(bytes, expected.concat());
    }
}
