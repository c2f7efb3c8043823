//! The bits of entropy-coded data (ITU-T T.81, annexes B and F): stuffed bytes, the marker that ends them, and restart
//! markers. What the bits mean is not known here.

use super::{DAMAGED, Found, LESS, MORE, TRUNCATED};

/// The bits of a scan, up to the next marker; behind it they are zeros.
#[derive(Clone, Copy)]
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The next bits, from the top.
    buffer: u64,
    /// How many of them there are, those behind the data's end included.
    count: u32,
    /// How many were put there behind the data's end.
    behind: u32,
}

impl<'a> Bits<'a> {
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Bits<'a> {
        Bits { bytes, at, buffer: 0, count: 0, behind: 0 }
    }

    /// The next bits, from the top; at least 32 of them count, as a code with its value has at most 31.
    #[inline]
    pub(super) fn peek(&mut self) -> u64 {
        if self.count < 32 {
            self.fill();
        }
        self.buffer
    }

    /// Passes over bits that were peeked at.
    #[inline]
    pub(super) fn skip(&mut self, count: u32) {
        self.buffer <<= count;
        self.count -= count;
    }

    /// Reads up to 16 bits.
    #[inline]
    pub(super) fn take(&mut self, count: u32) -> u32 {
        let value = (self.peek() >> 1 >> (63 - count)) as u32;
        self.skip(count);
        value
    }

    /// Passes over up to 64 bits.
    #[inline]
    pub(super) fn pass(&mut self, count: u32) {
        for part in [count / 2, count - count / 2] {
            self.peek();
            self.skip(part);
        }
    }

    #[inline]
    fn fill(&mut self) {
        if let Some(next) = self.bytes.get(self.at..).and_then(|b| b.first_chunk::<8>()) {
            let word = u64::from_be_bytes(*next);
            // Without a 0xff there is neither stuffing nor a marker in these bytes.
            if (!word).wrapping_sub(0x0101_0101_0101_0101) & word & 0x8080_8080_8080_8080 == 0 {
                let taken = (64 - self.count) / 8;
                let left = 64 - 8 * taken;
                self.buffer |= (word >> left << left) >> self.count;
                self.at += taken as usize;
                self.count += 8 * taken;
                return;
            }
        }
        *self = self.filled_slowly();
    }

    /// By value, so that the loop over a block keeps its copy in registers.
    #[cold]
    fn filled_slowly(mut self) -> Bits<'a> {
        while self.count <= 56 {
            let byte = match self.bytes.get(self.at..).unwrap_or_default() {
                [0xff, 0, ..] => {
                    self.at += 2;
                    0xff
                }
                [0xff, ..] | [] => {
                    self.behind += 8;
                    0
                }
                [byte, ..] => {
                    self.at += 1;
                    *byte
                }
            };
            self.buffer |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
        self
    }

    /// Whether more was read than there is.
    #[inline]
    pub(super) fn over(&self) -> bool {
        self.behind > self.count
    }

    /// Why reading failed: the data may be at their end, or wrong.
    #[cold]
    pub(super) fn fault(&self) -> &'static str {
        if !self.over() {
            return DAMAGED;
        }
        match self.bytes.get(self.at..).unwrap_or_default().iter().find(|b| **b != 0xff) {
            None => TRUNCATED,
            Some(0xd0..=0xd7) => DAMAGED,
            Some(_) => LESS,
        }
    }

    /// Ends a run of data: only bits that fill the last byte may be left. Returns where the marker stands.
    pub(super) fn end(&mut self) -> Found<usize> {
        *self = self.filled_slowly();
        if self.over() {
            return Err(self.fault());
        }
        if self.count - self.behind >= 8 {
            return Err(MORE);
        }
        (self.buffer, self.count, self.behind) = (0, 0, 0);
        Ok(self.at)
    }

    /// Goes over the restart marker of this number and returns where the data go on.
    pub(super) fn restart(&mut self, number: u8) -> Found<usize> {
        let at = self.end().map_err(|why| if why == MORE { DAMAGED } else { why })?;
        let mut rest = self.bytes.get(at..).unwrap_or_default().iter();
        match rest.find(|b| **b != 0xff) {
            Some(code) if *code == 0xd0 + number => {
                self.at = self.bytes.len() - rest.len();
                Ok(self.at)
            }
            Some(0xd0..=0xd7) => Err(DAMAGED),
            Some(_) => Err(LESS),
            None => Err(TRUNCATED),
        }
    }
}
