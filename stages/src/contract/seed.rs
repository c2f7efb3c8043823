//! Randomness: named streams of a counter-based generator, the same on every machine and with every library version.
//!
//! A stream's key is `blake3::derive_key("hilum stream v1", seed ‖ kind ‖ 0 ‖ name)`; drawing, shuffling and normal
//! sampling are written here, so that an upgrade of a library cannot move them.

use crate::math;
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use rayon::prelude::*;

/// The seed of a stage. Its streams are independent of each other and of every other kind's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seed(pub u64);

impl Seed {
    /// The seed of one repeat: the plain seed for 0, so that adding repeats recomputes nothing that exists.
    pub fn of_repeat(self, repeat: u64) -> Seed {
        if repeat == 0 {
            return self;
        }
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.0.to_le_bytes());
        bytes[8..].copy_from_slice(&repeat.to_le_bytes());
        let key = blake3::derive_key("hilum repeat v1", &bytes);
        Seed(u64::from_le_bytes(key[..8].try_into().expect("BUG: eight bytes")))
    }

    /// The stream of this name for a stage kind.
    pub fn stream(self, kind: &str, name: &str) -> Stream {
        let mut bytes = self.0.to_le_bytes().to_vec();
        bytes.extend_from_slice(kind.as_bytes());
        bytes.push(0);
        bytes.extend_from_slice(name.as_bytes());
        let key = blake3::derive_key("hilum stream v1", &bytes);
        Stream { key, rng: ChaCha12Rng::from_seed(key), spare: None }
    }
}

/// Where in a stream one is: to go on there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Position {
    /// Words drawn, halves of 64 bits each: JSON's numbers are not wider.
    words: [u64; 2],
    /// Bits of a normal number that was made and not yet given.
    spare: Option<u64>,
}

/// A stream of random numbers.
#[derive(Debug, Clone)]
pub struct Stream {
    key: [u8; 32],
    rng: ChaCha12Rng,
    spare: Option<f64>,
}

impl Stream {
    /// An independent stream for item `index`: the same whatever was drawn before, so that order and batch size do not
    /// matter.
    pub fn item(&self, index: u64) -> Stream {
        let mut bytes = self.key.to_vec();
        bytes.extend_from_slice(&index.to_le_bytes());
        let key = blake3::derive_key("hilum stream item v1", &bytes);
        Stream { key, rng: ChaCha12Rng::from_seed(key), spare: None }
    }

    /// A number that belongs to `name` alone: the same whatever was drawn before and whoever else is there. To sort by
    /// it is to shuffle, except that somebody who joins moves nobody else.
    pub fn priority(&self, name: &[u8]) -> u64 {
        let mut hasher = blake3::Hasher::new_derive_key("hilum priority v1");
        hasher.update(&self.key).update(name);
        u64::from_le_bytes(hasher.finalize().as_bytes()[..8].try_into().expect("BUG: eight bytes"))
    }

    /// Where one is.
    pub fn position(&self) -> Position {
        let words = self.rng.get_word_pos();
        Position { words: [words as u64, (words >> 64) as u64], spare: self.spare.map(f64::to_bits) }
    }
    /// Goes on where one was.
    pub fn seek(&mut self, position: Position) {
        self.rng.set_word_pos(u128::from(position.words[0]) | u128::from(position.words[1]) << 64);
        self.spare = position.spare.map(f64::from_bits);
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.rng.next_u64()
    }

    /// A whole number in `0..n`, without bias (Lemire 2019).
    ///
    /// # Panics
    /// Where `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        assert!(n > 0, "BUG: nothing to draw from");
        let n = n as u64;
        loop {
            let product = u128::from(self.bits()) * u128::from(n);
            if product as u64 >= n.wrapping_neg() % n {
                return (product >> 64) as usize;
            }
        }
    }

    /// A number in `[0, 1)` with 53 random bits.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A number in `[low, high)`.
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// A standard normal number (Box & Muller 1958).
    pub fn normal(&mut self) -> f64 {
        if let Some(z) = self.spare.take() {
            return z;
        }
        let radius = (-2.0 * math::ln(1.0 - self.unit())).sqrt();
        let (sin, cos) = math::sin_cos(std::f64::consts::TAU * self.unit());
        self.spare = Some(radius * sin);
        radius * cos
    }

    /// Shuffles in place (Fisher & Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }

    /// `n` mask, each with probability `p` to 1/65,536, as bytes 1 and 0; drawn by several threads, the same on any
    /// number.
    pub fn mask(&mut self, n: usize, p: f64) -> Vec<u8> {
        const CHUNK: usize = 32_768;
        let limit = (p.clamp(0.0, 1.0) * 65_536.0).round() as u32;
        let first = self.bits();
        let mut out = vec![0u8; n];
        out.par_chunks_mut(CHUNK).enumerate().for_each(|(i, out)| {
            let mut bytes = [0u8; 2 * CHUNK];
            let bytes = &mut bytes[..2 * out.len()];
            self.item(first.wrapping_add(i as u64)).rng.fill_bytes(bytes);
            out.iter_mut().zip(bytes.as_chunks::<2>().0).for_each(|(o, b)| *o = u8::from(u32::from(u16::from_le_bytes(*b)) < limit));
        });
        out
    }

    /// True with probability `p`.
    pub fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_stream_goes_on_where_it_was() {
        let mut a = super::Seed(5).stream("test", "position");
        let draw = |s: &mut super::Stream| (s.normal().to_bits(), s.below(7), s.mask(9, 0.5), s.unit().to_bits());
        for before in 0..9 {
            for _ in 0..before {
                a.normal();
            }
            let text = serde_json::to_string(&a.position()).unwrap();
            let expected = (draw(&mut a), draw(&mut a));
            let mut b = super::Seed(5).stream("test", "position");
            b.seek(serde_json::from_str(&text).unwrap());
            assert_eq!((draw(&mut b), draw(&mut b)), expected);
        }
    }

    use super::*;

    #[test]
    fn the_stream_is_golden() {
        let mut s = Seed(2020).stream("split", "shuffle");
        assert_eq!([s.bits(), s.bits()], [GOLDEN[0], GOLDEN[1]], "a library upgrade moved the stream");
        let mut order: Vec<u8> = (0..10).collect();
        s.shuffle(&mut order);
        assert_eq!(order, GOLDEN_ORDER);
        assert_eq!(s.item(7).bits(), s.item(7).bits());
        assert_ne!(s.item(7).bits(), s.item(8).bits());
    }
    const GOLDEN: [u64; 2] = [1877211923197034079, 10508337075097952329];
    const GOLDEN_ORDER: [u8; 10] = [0, 8, 9, 6, 5, 7, 2, 1, 3, 4];

    #[test]
    fn streams_differ_by_kind_name_seed_and_repeat() {
        let first = |seed: Seed, kind: &str, name: &str| seed.stream(kind, name).bits();
        let base = first(Seed(1), "a", "b");
        for other in [first(Seed(2), "a", "b"), first(Seed(1), "ab", ""), first(Seed(1), "a", "c"), first(Seed(1).of_repeat(1), "a", "b")] {
            assert_ne!(base, other);
        }
        assert_eq!(Seed(9).of_repeat(0), Seed(9));
    }

    #[test]
    fn moments_are_those_of_the_distributions() {
        let mut s = Seed(3).stream("test", "moments");
        let n = 100_000;
        let mean = |f: &mut dyn FnMut() -> f64| (0..n).map(|_| f()).sum::<f64>() / f64::from(n);
        assert!((mean(&mut || s.unit()) - 0.5).abs() < 0.005);
        let mut square = 0.0;
        let m = mean(&mut || {
            let z = s.normal();
            square += z * z;
            z
        });
        assert!(m.abs() < 0.01 && (square / f64::from(n) - 1.0).abs() < 0.02);
        let counts = (0..n).fold([0i32; 3], |mut c, _| {
            c[s.below(3)] += 1;
            c
        });
        assert!(counts.iter().all(|c| (c - n / 3).abs() < 1000));
        let share = |p: f64, s: &mut Stream| s.mask(100_001, p).iter().map(|t| f64::from(*t)).sum::<f64>() / 100_001.0;
        assert!((share(0.3, &mut s) - 0.3).abs() < 0.005);
        assert_eq!((share(0.0, &mut s), share(1.0, &mut s)), (0.0, 1.0));
        assert_ne!(s.mask(64, 0.5), s.mask(64, 0.5), "each call draws anew");
    }
}
