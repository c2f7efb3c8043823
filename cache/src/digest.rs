//! Content digests: blake3 is the cache's own, sha256 is known for whatever leaves the program.

use serde::{Deserialize, Serialize};
use sha2::Digest as _;
use std::fmt;
use std::str::FromStr;

/// A 32-byte blake3 digest, printed `b3:` and 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

/// A 32-byte sha256 digest, printed as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sha256([u8; 32]);

/// The digest of a canonical recipe: the name of everything that decides a stage's outputs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StageKey(pub Digest);

impl Digest {
    /// The digest of some bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Digest(*blake3::hash(bytes).as_bytes())
    }
    /// The 32 bytes.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
    /// From the 32 bytes of a blake3 hash.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Digest(bytes)
    }
    /// The 64 hexadecimal digits without a prefix.
    pub fn hex(&self) -> String {
        hex(&self.0)
    }
    /// Appends the 64 hexadecimal digits to a text.
    pub fn push_hex(&self, out: &mut Vec<u8>) {
        let mut digits = [0; 64];
        for (n, b) in self.0.iter().enumerate() {
            digits[2 * n] = DIGITS[(b >> 4) as usize];
            digits[2 * n + 1] = DIGITS[(b & 15) as usize];
        }
        out.extend_from_slice(&digits);
    }
    /// `b3:` and the first 12 digits: enough for people.
    pub fn short(&self) -> String {
        format!("b3:{}", hex(&self.0[..6]))
    }
    /// Reads exactly 64 hexadecimal digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        unhex(text).map(Digest)
    }
}

impl Sha256 {
    /// The digest of some bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Sha256(sha2::Sha256::digest(bytes).into())
    }
    /// The 64 hexadecimal digits.
    pub fn hex(&self) -> String {
        hex(&self.0)
    }
    /// The 32 bytes.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
    /// From 32 bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Sha256(bytes)
    }
    /// Reads exactly 64 hexadecimal digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        unhex(text).map(Sha256)
    }
}

/// Both digests of one stream of bytes, in a single pass.
#[derive(Default)]
pub struct TwinHasher {
    blake3: blake3::Hasher,
    sha256: sha2::Sha256,
    size: u64,
}

impl TwinHasher {
    /// Adds bytes to both digests.
    pub fn update(&mut self, bytes: &[u8]) {
        if bytes.len() >= 1 << 20 {
            self.blake3.update_rayon(bytes);
        } else {
            self.blake3.update(bytes);
        }
        self.sha256.update(bytes);
        self.size += bytes.len() as u64;
    }
    /// The digests and the number of bytes.
    pub fn finish(self) -> (Digest, Sha256, u64) {
        (Digest(*self.blake3.finalize().as_bytes()), Sha256(self.sha256.finalize().into()), self.size)
    }
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";

fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    for b in bytes {
        out.push(DIGITS[(b >> 4) as usize] as char);
        out.push(DIGITS[(b & 15) as usize] as char);
    }
    out
}

/// The value of each byte as a digit; [`NO_DIGIT`] where it is not one. Plans read and write tens of thousands of digests.
const VALUES: [u8; 256] = {
    let mut values = [NO_DIGIT; 256];
    let mut n = 0;
    while n < DIGITS.len() {
        values[DIGITS[n] as usize] = n as u8;
        n += 1;
    }
    values
};
const NO_DIGIT: u8 = 0xff;

fn unhex(text: &str) -> Option<[u8; 32]> {
    let digits: &[u8; 64] = text.as_bytes().try_into().ok()?;
    let (mut out, mut seen) = ([0; 32], 0);
    for (n, o) in out.iter_mut().enumerate() {
        let (high, low) = (VALUES[digits[2 * n] as usize], VALUES[digits[2 * n + 1] as usize]);
        // What is not a digit has high bits that no digit has.
        seen |= high | low;
        *o = (high << 4) | (low & 15);
    }
    (seen < 16).then_some(out)
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b3:{}", self.hex())
    }
}
impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.short())
    }
}
impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", &self.hex()[..12])
    }
}
impl fmt::Debug for StageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
impl fmt::Display for StageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Digest {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        text.strip_prefix("b3:").and_then(Digest::from_hex).ok_or_else(|| format!("`{text}` is not a digest: expected b3: and 64 hexadecimal digits"))
    }
}

impl Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}
impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_str(Text(|text| text.parse().ok(), "a digest: b3: and 64 hexadecimal digits"))
    }
}
impl Serialize for Sha256 {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.hex())
    }
}
impl<'de> Deserialize<'de> for Sha256 {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_str(Text(Sha256::from_hex, "a sha256 digest: 64 hexadecimal digits"))
    }
}

/// Reads a value from text in place: journals hold many digests, and a copy of each would be most of the work.
struct Text<T>(fn(&str) -> Option<T>, &'static str);

impl<T> serde::de::Visitor<'_> for Text<T> {
    type Value = T;
    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.1)
    }
    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        (self.0)(text).ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_the_standards() {
        assert_eq!(Digest::of(b"").hex(), "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262");
        assert_eq!(Sha256::of(b"abc").hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        let mut twin = TwinHasher::default();
        twin.update(b"a");
        twin.update(b"bc");
        assert_eq!(twin.finish(), (Digest::of(b"abc"), Sha256::of(b"abc"), 3));
    }

    #[test]
    fn text_round_trips_and_rubbish_is_refused() {
        let d = Digest::of(b"x");
        assert_eq!(d.to_string().parse::<Digest>(), Ok(d));
        assert!("b3:12".parse::<Digest>().is_err());
        assert!(d.hex().parse::<Digest>().is_err());
        assert!(format!("b3:{}", d.hex().to_uppercase()).parse::<Digest>().is_err());
        let mut pushed = b"b3:".to_vec();
        d.push_hex(&mut pushed);
        assert_eq!(pushed, d.to_string().into_bytes());
        for odd in (0..=255u8).map(char::from).filter(|c| !c.is_ascii_digit() && !('a'..='f').contains(c)) {
            for at in [0, 31, 63] {
                let mut digits: Vec<char> = d.hex().chars().collect();
                digits[at] = odd;
                assert_eq!(Digest::from_hex(&digits.iter().collect::<String>()), None, "{odd:?}");
            }
        }
    }
}
