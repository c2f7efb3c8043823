//! Hashes cut into bands, and looked up by a band's value. Independent of how pairs are searched and kept.

use std::ops::Range;

/// Bands per hash, of 16 bits each.
pub(super) const BANDS: usize = 4;

/// Where each bit of a hash goes, both counted from the most significant.
///
/// A bit of a perceptual hash is a frequency, 8 rows by 8 columns of them. On images that are all alike, such as chest
/// X-rays, some hardly ever change: the low frequencies, and whole columns. A band of them would put half of all hashes
/// into few buckets. Dealt out along diagonals, every band gets two bits of each row and two of each column; on 1,124
/// chest X-rays at most 0.8 % of all pairs then agree in a band up to one bit, against 9.8 % where every fourth bit is
/// taken and 1.6 % where bits stay in order. The last band, which has the smallest allowance, is the one that tells
/// least apart.
const PLACES: [u8; 64] = {
    let mut places = [0; 64];
    let mut filled = [0; BANDS];
    let mut bit = 0;
    while bit < 64 {
        let band = (bit / 8 + bit % 8 + 2) % BANDS;
        places[bit] = (16 * band + filled[band]) as u8;
        filled[band] += 1;
        bit += 1;
    }
    places
};

/// The hash with its bits sorted into bands, the first band in the most significant 16. Distances stay what they are.
pub(super) fn permuted(hash: u64) -> u64 {
    PLACES.iter().enumerate().fold(0, |out, (bit, place)| out | (hash >> (63 - bit) & 1) << (63 - place))
}

fn value(permuted: u64, band: usize) -> u16 {
    (permuted >> (16 * (BANDS - 1 - band))) as u16
}

/// A band's share of `radius + 1`: it may differ in fewer bits than that, and with no share it is not looked at.
fn share(band: usize, radius: u32) -> u32 {
    let all = radius as usize + 1;
    (all / BANDS + usize::from(band < all % BANDS)) as u32
}

/// The bands that are looked at.
pub(super) fn used(radius: u32) -> impl Iterator<Item = usize> {
    (0..BANDS).filter(move |b| share(*b, radius) > 0)
}

/// In how many bits a band that is looked at may differ.
pub(super) fn allowed(band: usize, radius: u32) -> u32 {
    share(band, radius) - 1
}

/// The first band by which a pair with these different bits is found, within `radius`.
pub(super) fn first(different: u64, radius: u32) -> usize {
    (0..BANDS).find(|b| value(different, *b).count_ones() < share(*b, radius)).expect("BUG: shares sum to more than the radius")
}

/// Hashes in order of the value of one band.
pub(super) struct Band {
    /// Where the entries of each value begin, and at last where they end.
    starts: Vec<u32>,
    /// With their bits sorted into bands.
    pub(super) hashes: Vec<u64>,
    /// The position of each among the hashes that were given.
    pub(super) groups: Vec<u32>,
}

impl Band {
    fn of(hashes: &[u64], band: usize) -> Band {
        let mut starts = vec![0u32; (1 << 16) + 1];
        for hash in hashes {
            starts[usize::from(value(*hash, band)) + 1] += 1;
        }
        for i in 1..starts.len() {
            starts[i] += starts[i - 1];
        }
        let (mut next, mut sorted, mut groups) = (starts.clone(), vec![0; hashes.len()], vec![0; hashes.len()]);
        for (i, hash) in hashes.iter().enumerate() {
            let place = &mut next[usize::from(value(*hash, band))];
            sorted[*place as usize] = *hash;
            groups[*place as usize] = i as u32;
            *place += 1;
        }
        Band { starts, hashes: sorted, groups }
    }

    /// The entries of a value.
    pub(super) fn bucket(&self, value: u16) -> Range<usize> {
        self.starts[usize::from(value)] as usize..self.starts[usize::from(value) + 1] as usize
    }
}

/// All bands of hashes that have their bits sorted into bands.
pub(super) fn bands(hashes: &[u64]) -> [Band; BANDS] {
    std::array::from_fn(|band| Band::of(hashes, band))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bit_has_a_place_of_its_own() {
        assert_eq!((0..64).fold(0, |all, bit| all | permuted(1 << bit)), u64::MAX);
        assert!((0..64).all(|bit| permuted(1 << bit).count_ones() == 1));
    }

    #[test]
    fn shares_sum_to_one_more_than_the_radius_and_ask_for_one_flip_at_most() {
        for radius in 0..=super::super::index::MAX_RADIUS {
            assert_eq!((0..BANDS).map(|b| share(b, radius)).sum::<u32>(), radius + 1);
            assert!((0..BANDS).all(|b| share(b, radius) <= 2));
        }
    }

    #[test]
    fn hashes_lie_under_the_value_of_their_band() {
        let hashes: Vec<u64> = (0..500u64).map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect();
        for (n, band) in bands(&hashes).iter().enumerate() {
            for (i, hash) in hashes.iter().enumerate() {
                let mut bucket = band.bucket(value(*hash, n));
                assert!(bucket.any(|e| band.groups[e] == i as u32 && band.hashes[e] == *hash));
            }
        }
    }
}
