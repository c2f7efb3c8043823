//! The elements of a data set (PS3.5, 7): tag, value representation and value, one after the other. What they mean is
//! not known here, but for pixels, which may be in fragments.

/// The file ends within an element.
pub(super) const TRUNCATED: &str = "the DICOM file is truncated";
/// Its elements do not fit together.
pub(super) const DAMAGED: &str = "the DICOM file's header is damaged";

/// Sequences may be nested this deep.
const DEEPEST: usize = 32;

/// Group and element.
pub(super) type Tag = (u16, u16);

/// Pixel Data.
pub(super) const PIXELS: Tag = (0x7fe0, 0x0010);

const ITEM: Tag = (0xfffe, 0xe000);
const END_OF_ITEM: Tag = (0xfffe, 0xe00d);
const END_OF_SEQUENCE: Tag = (0xfffe, 0xe0dd);
const UNDEFINED: u32 = u32::MAX;

/// How elements are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Encoding {
    /// Each element says the representation of its value.
    pub(super) is_explicit: bool,
    /// Numbers have the highest byte first.
    pub(super) is_big: bool,
}

impl Encoding {
    pub(super) const EXPLICIT: Encoding = Encoding { is_explicit: true, is_big: false };
    pub(super) const IMPLICIT: Encoding = Encoding { is_explicit: false, is_big: false };

    pub(super) fn u16(self, bytes: [u8; 2]) -> u16 {
        if self.is_big { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) }
    }
    fn u32(self, bytes: [u8; 4]) -> u32 {
        if self.is_big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    }
}

/// An element.
#[derive(Debug, Clone, Copy)]
pub(super) struct Element<'a> {
    pub(super) tag: Tag,
    /// Its value representation; none where elements do not say it.
    pub(super) vr: Option<[u8; 2]>,
    /// Where its value starts.
    pub(super) start: usize,
    /// Its value; of one whose length is not given, everything up to its end mark.
    pub(super) value: &'a [u8],
    pub(super) has_length: bool,
}

/// Reads elements one after the other.
pub(super) struct Elements<'a> {
    bytes: &'a [u8],
    at: usize,
    encoding: Encoding,
}

impl<'a> Elements<'a> {
    pub(super) fn of(bytes: &'a [u8], encoding: Encoding) -> Elements<'a> {
        Elements { bytes, at: 0, encoding }
    }

    /// How many bytes were read.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], &'static str> {
        let end = self.at.checked_add(count).ok_or(TRUNCATED)?;
        let taken = self.bytes.get(self.at..end).ok_or(TRUNCATED)?;
        self.at = end;
        Ok(taken)
    }
    fn word(&mut self) -> Result<u16, &'static str> {
        Ok(self.encoding.u16(self.take(2)?.try_into().expect("BUG: two bytes")))
    }
    fn long(&mut self) -> Result<u32, &'static str> {
        Ok(self.encoding.u32(self.take(4)?.try_into().expect("BUG: four bytes")))
    }
    fn tag(&mut self) -> Result<Tag, &'static str> {
        Ok((self.word()?, self.word()?))
    }
    /// The tag of the next element, which is not passed over.
    pub(super) fn peek(&mut self) -> Result<Option<Tag>, &'static str> {
        if self.at == self.bytes.len() {
            return Ok(None);
        }
        let at = self.at;
        let tag = self.tag()?;
        self.at = at;
        Ok(Some(tag))
    }

    /// The representation and the length of an element whose tag was read.
    fn head(&mut self) -> Result<(Option<[u8; 2]>, u32), &'static str> {
        if !self.encoding.is_explicit {
            return Ok((None, self.long()?));
        }
        let vr: [u8; 2] = self.take(2)?.try_into().expect("BUG: two bytes");
        match &vr {
            b"OB" | b"OD" | b"OF" | b"OL" | b"OV" | b"OW" | b"SQ" | b"SV" | b"UC" | b"UN" | b"UR" | b"UT" | b"UV" => {
                self.take(2)?;
                Ok((Some(vr), self.long()?))
            }
            vr_of_text if vr_of_text.iter().all(u8::is_ascii_uppercase) => Ok((Some(vr), self.word()?.into())),
            _ => Err(DAMAGED),
        }
    }

    /// The next element up to pixels whose length is not given: their value is all that follows. None at the end.
    ///
    /// # Errors
    /// Where there is no whole element.
    pub(super) fn next(&mut self) -> Result<Option<Element<'a>>, &'static str> {
        if self.at == self.bytes.len() {
            return Ok(None);
        }
        self.element(0).map(Some)
    }

    fn element(&mut self, depth: usize) -> Result<Element<'a>, &'static str> {
        let tag = self.tag()?;
        if tag.0 == 0xfffe || depth > DEEPEST {
            return Err(DAMAGED);
        }
        let (vr, length) = self.head()?;
        let start = self.at;
        let value = match length {
            UNDEFINED if tag == PIXELS => self.take(self.bytes.len() - start)?,
            UNDEFINED => {
                // What is of unknown representation is written as in implicit files (PS3.5, 6.2.2, note 2).
                let outside = self.encoding;
                if vr == Some(*b"UN") {
                    self.encoding = Encoding::IMPLICIT;
                }
                let end = self.pass_items(depth + 1)?;
                self.encoding = outside;
                &self.bytes[start..end]
            }
            length => self.take(length as usize)?,
        };
        Ok(Element { tag, vr, start, value, has_length: length != UNDEFINED })
    }

    /// Passes over the items of a sequence without a length and returns where they end.
    fn pass_items(&mut self, depth: usize) -> Result<usize, &'static str> {
        loop {
            let before = self.at;
            match (self.tag()?, self.long()?) {
                (END_OF_SEQUENCE, 0) => return Ok(before),
                (ITEM, length) => drop(self.item(length, depth)?),
                _ => return Err(DAMAGED),
            }
        }
    }

    /// The content of an item of this length.
    fn item(&mut self, length: u32, depth: usize) -> Result<&'a [u8], &'static str> {
        if length != UNDEFINED {
            return self.take(length as usize);
        }
        let start = self.at;
        while self.peek()?.ok_or(TRUNCATED)? != END_OF_ITEM {
            self.element(depth)?;
        }
        let content = &self.bytes[start..self.at];
        self.take(8)?;
        Ok(content)
    }
}

/// The content of the first item of a sequence; none if it is empty.
///
/// # Errors
/// Where there is no whole item.
pub(super) fn first_item(sequence: &[u8], encoding: Encoding) -> Result<Option<&[u8]>, &'static str> {
    let mut items = Elements::of(sequence, encoding);
    match items.peek()? {
        None | Some(END_OF_SEQUENCE) => Ok(None),
        Some(ITEM) => {
            items.tag()?;
            let length = items.long()?;
            items.item(length, 1).map(Some)
        }
        Some(_) => Err(DAMAGED),
    }
}

/// The next fragment of encapsulated pixels and where it ends, from `at` on; none at their end mark (PS3.5, A.4).
///
/// # Errors
/// Where neither is there.
pub(super) fn fragment(bytes: &[u8], at: usize) -> Result<Option<(&[u8], usize)>, &'static str> {
    let mut items = Elements { bytes, at, encoding: Encoding::EXPLICIT };
    match (items.tag()?, items.long()?) {
        (END_OF_SEQUENCE, 0) => Ok(None),
        (ITEM, length) if length != UNDEFINED => Ok(Some((items.take(length as usize)?, items.at))),
        _ => Err("the DICOM file's fragments are damaged"),
    }
}
