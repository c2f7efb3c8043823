//! One scan's data, block by block (ITU-T T.81, annexes F and G). Which scans may follow each other is not known here.

use super::bits::Bits;
use super::frame::{Band, Component};
use super::huffman::{END, Table, WRONG};
use super::{DAMAGED, Found, MORE};

/// The largest mean of a block that is taken, dequantised: an eighth more than samples of 8 bits give, as encoders may
/// overshoot.
const LARGEST: i32 = 1152;

/// The largest quantised mean of a block.
pub(super) fn largest(step: u16) -> i32 {
    LARGEST / i32::from(step.max(1)) + 1
}

/// What a component has in a scan.
pub(super) struct Part<'a> {
    pub(super) component: usize,
    pub(super) dc: &'a Table,
    pub(super) ac: &'a Table,
    /// Blocks in a unit.
    pub(super) blocks: usize,
    pub(super) largest: i32,
}

/// A scan that is to be walked.
pub(super) struct Scan<'a> {
    pub(super) band: Band,
    pub(super) parts: Vec<Part<'a>>,
    pub(super) units: usize,
    /// Units between restart markers; 0 where there are none.
    pub(super) interval: usize,
}

enum Coding {
    Sequential,
    MeanFirst,
    MeanAgain,
    BandFirst,
    BandAgain,
}

impl Scan<'_> {
    /// Reads every block from `at` on and returns where the next marker stands.
    pub(super) fn walk(&self, bytes: &[u8], at: usize, components: &mut [Component]) -> Found<usize> {
        let band = self.band;
        let coding = match (band.start, band.end, band.high) {
            (0, 1.., _) => Coding::Sequential,
            (0, 0, 0) => Coding::MeanFirst,
            (0, 0, _) => Coding::MeanAgain,
            (_, _, 0) => Coding::BandFirst,
            _ => Coding::BandAgain,
        };
        let mut bits = Bits::new(bytes, at);
        let mut means = [0i32; 4];
        let mut run = 0u32;
        let (mut left, mut number) = (self.interval, 0u8);
        for unit in 0..self.units {
            if self.interval > 0 {
                if left == 0 {
                    if run > 0 {
                        return Err(DAMAGED);
                    }
                    bits.restart(number)?;
                    number = (number + 1) % 8;
                    means = [0; 4];
                    left = self.interval;
                }
                left -= 1;
            }
            for (part, mean) in self.parts.iter().zip(&mut means) {
                for _ in 0..part.blocks {
                    let good = match coding {
                        Coding::Sequential => mean_first(&mut bits, part.dc, mean, part.largest, 0) && block(&mut bits, part.ac),
                        Coding::MeanFirst => mean_first(&mut bits, part.dc, mean, part.largest, band.low),
                        Coding::MeanAgain => {
                            bits.pass(1);
                            true
                        }
                        Coding::BandFirst if run > 0 => {
                            run -= 1;
                            true
                        }
                        // A band is never interleaved: the unit is the block.
                        Coding::BandFirst | Coding::BandAgain => match components[part.component].masks.get_mut(unit) {
                            Some(mask) if band.high == 0 => band_first(&mut bits, part.ac, band, mask, &mut run),
                            Some(mask) => band_again(&mut bits, part.ac, band, mask, &mut run),
                            None => false,
                        },
                    };
                    if !good || bits.over() {
                        return Err(bits.fault());
                    }
                }
            }
        }
        let end = bits.end()?;
        if run > 0 {
            return Err(MORE);
        }
        match bits.restart(number) {
            // Some cameras put a restart marker behind the last unit, too.
            Ok(after) if self.interval > 0 && bytes.get(after).is_none_or(|b| *b == 0xff) => Ok(after),
            Ok(_) => Err(MORE),
            Err(_) => Ok(end),
        }
    }
}

/// A block's mean, as a difference from the one before.
#[inline]
fn mean_first(bits: &mut Bits, table: &Table, mean: &mut i32, largest: i32, low: u8) -> bool {
    let size @ 0..=11 = table.symbol(bits) else { return false };
    if size > 0 {
        let value = bits.take(size.into()) as i32;
        let half = 1 << (size - 1);
        *mean += if value < half { value + 1 - 2 * half } else { value };
    }
    mean.unsigned_abs() << low <= largest.unsigned_abs() + (1 << low)
}

/// The rest of a sequential block. Values are passed over.
#[inline]
fn block(bits: &mut Bits, table: &Table) -> bool {
    // The compiler keeps a copy of its own in registers.
    let mut own = *bits;
    let mut next = 1u32;
    // Two symbols cover at most 32 coefficients: while that many are to come, the first of two cannot end the block.
    while next <= 32 {
        next += u32::from(table.leap(&mut own));
    }
    while next < 64 {
        next += u32::from(table.step(&mut own));
    }
    *bits = own;
    next == 64 || (u32::from(END)..u32::from(WRONG)).contains(&next)
}

/// The first bits of a band. A symbol can end many blocks at once: `run` is how many are still to come.
fn band_first(bits: &mut Bits, table: &Table, band: Band, mask: &mut u64, run: &mut u32) -> bool {
    let mut next = band.start;
    while next <= band.end {
        let symbol = table.symbol(bits);
        match (symbol >> 4, symbol & 15) {
            (15, 0) => next += 16,
            (zeros, 0) => {
                *run = (1 << zeros) + bits.take(zeros.into()) - 1;
                return true;
            }
            (zeros, size @ 1..=10) => {
                bits.pass(size.into());
                next += usize::from(zeros);
                if next > band.end {
                    return false;
                }
                *mask |= 1 << next;
                next += 1;
            }
            _ => return false,
        }
    }
    next == band.end + 1
}

/// One more bit of a band: one for each coefficient that is not zero, and those that become so.
fn band_again(bits: &mut Bits, table: &Table, band: Band, mask: &mut u64, run: &mut u32) -> bool {
    let mut next = band.start;
    if *run == 0 {
        while next <= band.end {
            let symbol = table.symbol(bits);
            let (mut zeros, size) = (symbol >> 4, symbol & 15);
            match (zeros, size) {
                (15, 0) | (_, 1) => bits.pass(size.into()),
                (_, 0) => {
                    *run = (1 << zeros) + bits.take(zeros.into());
                    break;
                }
                _ => return false,
            }
            let mut again = 0;
            loop {
                if next > band.end {
                    return false;
                }
                if *mask >> next & 1 == 1 {
                    again += 1;
                } else if zeros == 0 {
                    break;
                } else {
                    zeros -= 1;
                }
                next += 1;
            }
            bits.pass(again);
            *mask |= u64::from(size) << next;
            next += 1;
        }
    }
    if *run > 0 {
        *run -= 1;
        bits.pass((*mask >> next << next & u64::MAX >> (63 - band.end)).count_ones());
    }
    true
}
