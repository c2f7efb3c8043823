//! Huffman tables (ITU-T T.81, annexes C and F). What a scan does with the symbols is not known here, but for one
//! thing: a table holds ready how far each symbol leads in a sequential block, as most of the time goes there.

use super::bits::Bits;

/// Codes of up to that many bits are found by one look.
const SHORT: usize = 10;

/// What a code covers that ends a sequential block, and one that may not stand in it.
pub(super) const END: u8 = 128;
pub(super) const WRONG: u8 = 255;

/// A code and what it stands for.
#[derive(Clone, Copy)]
struct Step {
    /// The symbol: zeros before the value in the upper half, bits of the value in the lower.
    symbol: u8,
    /// Bits of the code; none where no code is.
    length: u8,
    /// Bits of the code and of the value behind it.
    total: u8,
    /// Coefficients of a sequential block that it covers, or [`END`] or [`WRONG`].
    covers: u8,
}

impl Step {
    const NONE: Step = Step { symbol: 0, length: 0, total: 0, covers: 0 };
    /// What stands for no code uses up bits all the same: where they are not there, the data's end is the reason.
    const INVALID: Step = Step { symbol: 0xff, length: 16, total: 16, covers: WRONG };

    fn new(symbol: u8, length: u8) -> Step {
        let (zeros, size) = (symbol >> 4, symbol & 15);
        let covers = match (zeros, size) {
            (0, 0) => END,
            (15, 0) => 16,
            (_, 1..=10) => zeros + 1,
            _ => WRONG,
        };
        Step { symbol, length, total: length + size, covers }
    }
}

/// One symbol or two with their values, as sequential blocks pass over them.
#[derive(Clone, Copy)]
struct Leap {
    /// Bits of them; none where no short code is.
    total: u8,
    covers: u8,
}

/// A Huffman table.
pub(super) struct Table {
    short: [Step; 1 << SHORT],
    leaps: [Leap; 1 << SHORT],
    /// For each length the first code beyond it, and where its symbols begin, less its first code.
    long: [(u32, i32); 17],
    symbols: Vec<u8>,
}

impl Table {
    /// The table without codes.
    pub(super) const EMPTY: Table =
        Table { short: [Step::NONE; 1 << SHORT], leaps: [Leap { total: 0, covers: 0 }; 1 << SHORT], long: [(0, 0); 17], symbols: Vec::new() };

    /// Builds it from the number of codes of each length and the symbols in the order of their codes; `None` where
    /// there are more codes than fit.
    pub(super) fn new(counts: &[u8; 16], symbols: &[u8]) -> Option<Table> {
        let mut table = Table { symbols: symbols.to_vec(), ..Table::EMPTY };
        let (mut code, mut first) = (0usize, 0usize);
        for (length, count) in (1..=16).zip(counts) {
            let count = usize::from(*count);
            if code + count > 1 << length {
                return None;
            }
            table.long[length] = ((code + count) as u32, first as i32 - code as i32);
            if length <= SHORT {
                let span = 1 << (SHORT - length);
                for (n, symbol) in symbols.get(first..first + count)?.iter().enumerate() {
                    table.short.get_mut((code + n) * span..(code + n + 1) * span)?.fill(Step::new(*symbol, length as u8));
                }
            }
            first += count;
            code = (code + count) << 1;
        }
        for (n, (leap, one)) in table.leaps.iter_mut().zip(&table.short).enumerate() {
            *leap = Leap { total: one.total, covers: one.covers };
            if one.covers < END && usize::from(one.total) < SHORT {
                let two = table.short[n << one.total & ((1 << SHORT) - 1)];
                if two.length > 0 && two.covers != WRONG && usize::from(one.total + two.total) <= SHORT {
                    *leap = Leap { total: one.total + two.total, covers: one.covers + two.covers };
                }
            }
        }
        (first == symbols.len() && first <= 256).then_some(table)
    }

    /// Reads a symbol without the value behind it. What is no code is 0xff, a symbol that may stand nowhere.
    #[inline]
    pub(super) fn symbol(&self, bits: &mut Bits) -> u8 {
        let step = self.find(bits.peek());
        bits.skip(u32::from(step.length));
        step.symbol
    }

    /// Reads a symbol and passes over the value behind it; returns how many coefficients of a sequential block they
    /// cover.
    #[inline]
    pub(super) fn step(&self, bits: &mut Bits) -> u8 {
        let step = self.find(bits.peek());
        bits.skip(u32::from(step.total));
        step.covers
    }

    /// Like [`Table::step`], for one symbol or two.
    #[inline]
    pub(super) fn leap(&self, bits: &mut Bits) -> u8 {
        let leap = self.leaps[(bits.peek() >> (64 - SHORT)) as usize];
        if leap.total == 0 {
            return self.step(bits);
        }
        bits.skip(u32::from(leap.total));
        leap.covers
    }

    #[inline]
    fn find(&self, buffer: u64) -> Step {
        let step = self.short[(buffer >> (64 - SHORT)) as usize];
        if step.length > 0 { step } else { self.find_long(buffer) }
    }

    #[cold]
    fn find_long(&self, buffer: u64) -> Step {
        for length in SHORT + 1..=16 {
            let code = (buffer >> (64 - length)) as u32;
            let (beyond, shift) = self.long[length];
            if code < beyond {
                let symbol = usize::try_from(code as i32 + shift).ok().and_then(|n| self.symbols.get(n));
                return symbol.map_or(Step::INVALID, |s| Step::new(*s, length as u8));
            }
        }
        Step::INVALID
    }
}
