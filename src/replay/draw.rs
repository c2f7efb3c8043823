//! Which results are drawn: a function of the head of the ledger and of a number, and of nothing else, so that another program draws the
//! same. `docs/ledger.md` specifies it.

use super::population::Unit;
use hilum_cache::Sha256;
use std::str::FromStr;

/// What the hash of a rank begins with.
const DOMAIN: &str = "hilum.replay-sample.v1";

/// A share of all results, in millionths: what is fixed and signed has no rounding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    millionths: u64,
}

const WHOLE: u64 = 1_000_000;

impl FromStr for Share {
    type Err = String;
    fn from_str(text: &str) -> Result<Share, String> {
        let fault = || "expected a share such as 5% or 0.05, above 0 and at most 100%".to_owned();
        let (number, shift) = text.strip_suffix('%').map_or((text, 6), |number| (number, 4));
        let (whole, rest) = number.split_once('.').unwrap_or((number, ""));
        let are_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        if number.is_empty() || number == "." || whole.len() > 3 || rest.len() > shift || !are_digits(whole) || !are_digits(rest) {
            return Err(fault());
        }
        let millionths = format!("{whole}{rest:0<shift$}").parse().map_err(|_| fault())?;
        if (1..=WHOLE).contains(&millionths) { Ok(Share { millionths }) } else { Err(fault()) }
    }
}

impl std::fmt::Display for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let text = format!("{}.{:04}", self.millionths / 10_000, self.millionths % 10_000);
        write!(f, "{}%", text.trim_end_matches('0').trim_end_matches('.'))
    }
}

impl Share {
    /// How many of so many these are: rounded up, so that there is one where there are any.
    pub fn of(self, all: usize) -> usize {
        (all as u64).saturating_mul(self.millionths).div_ceil(WHOLE) as usize
    }
}

/// The `count` units with the smallest ranks, smallest first. The rank of a unit is the SHA-256 of the domain, the head in hexadecimal
/// digits, the seed in decimal ones, the run, the stage and the key, with a zero byte between each two.
pub fn draw<'u>(units: impl IntoIterator<Item = &'u Unit>, head: &Sha256, seed: u64, count: usize) -> Vec<&'u Unit> {
    let rank = |unit: &Unit| {
        let text = [DOMAIN, &head.hex(), &seed.to_string(), &unit.run, &unit.stage, &unit.key.to_string()].join("\0");
        *Sha256::of(text.as_bytes()).bytes()
    };
    let mut ranked: Vec<([u8; 32], &Unit)> = units.into_iter().map(|unit| (rank(unit), unit)).collect();
    ranked.sort_unstable();
    ranked.into_iter().take(count).map(|(_, unit)| unit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hilum_cache::{Digest, StageKey};

    #[test]
    fn a_share_is_read_and_written_and_rounds_up() {
        let share = |text: &str| text.parse::<Share>();
        for (text, shown, of) in [("5%", "5%", 2), ("0.05", "5%", 2), ("100%", "100%", 21), ("1", "100%", 21), ("0.0001%", "0.0001%", 1), ("12.5%", "12.5%", 3)]
        {
            let share = share(text).unwrap();
            assert_eq!((share.to_string().as_str(), share.of(21), share.of(0)), (shown, of, 0), "{text}");
        }
        for text in ["0", "0%", "101%", "1.01", "-1%", "5 %", "%", "", ".", "five", "0.00001%", "1e-2", "+5%", "9999999999%"] {
            assert!(share(text).is_err(), "{text}");
        }
    }

    /// As tests/oracle/replay_sample.py draws.
    #[test]
    fn a_draw_is_that_of_another_program() {
        let unit = |n: usize| Unit { run: "r".into(), stage: format!("s/repeat={n}"), key: StageKey(Digest::from_bytes([n as u8; 32])) };
        let units: Vec<Unit> = (0..20).map(unit).collect();
        let head = Sha256::of(b"head");
        let drawn = |seed, count| draw(&units, &head, seed, count).into_iter().map(|u| u.stage[9..].parse::<usize>().unwrap()).collect::<Vec<_>>();
        assert_eq!(drawn(7, 5), DRAWN);
        assert_eq!(drawn(7, 3), DRAWN[..3], "a larger sample holds the smaller one");
        assert_ne!(drawn(8, 5), DRAWN);
        assert_eq!(drawn(7, 99).len(), 20);
    }
    const DRAWN: [usize; 5] = [2, 12, 9, 8, 16];
}
