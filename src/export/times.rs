//! Times of records: when something ended that started then and took so long. UTC throughout.

use hilum_cache::clock;
use std::time::{Duration, UNIX_EPOCH};

/// The end of what started at a time (RFC 3339, UTC) and took that many milliseconds; none if the time cannot be read.
pub(super) fn end(started: &str, millis: u64) -> Option<String> {
    let number = |range: std::ops::Range<usize>| started.get(range)?.parse::<u64>().ok();
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    let fraction = if started.get(19..20) == Some(".") { number(20..23)? } else { 0 };
    if !started.ends_with('Z') || year < 1970 || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let is_leap = |y: u64| y.is_multiple_of(4) && !y.is_multiple_of(100) || y.is_multiple_of(400);
    let of_month = |m: u64| [31, 28 + u64::from(is_leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][m as usize - 1];
    let days = (1970..year).map(|y| 365 + u64::from(is_leap(y))).sum::<u64>() + (1..month).map(of_month).sum::<u64>() + day - 1;
    let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
    let since = Duration::from_secs(seconds).checked_add(Duration::from_millis(fraction))?.checked_add(Duration::from_millis(millis))?;
    Some(clock::format(UNIX_EPOCH.checked_add(since)?))
}

/// A time with the offset of UTC in digits: of two spellings of the same, the one that every validator takes.
pub(super) fn with_offset(time: &str) -> String {
    time.strip_suffix('Z').map_or_else(|| time.to_owned(), |local| format!("{local}+00:00"))
}

#[cfg(test)]
mod tests {
    use super::{end, with_offset};

    #[test]
    fn utc_is_an_offset_of_zero() {
        assert_eq!(with_offset("2026-11-30T20:09:49.215Z"), "2026-11-30T20:09:49.215+00:00");
        assert_eq!(with_offset(""), "");
    }

    #[test]
    fn an_end_is_the_start_and_what_it_took() {
        let cases = [
            ("2026-11-30T20:09:49.215Z", 616, "2026-11-30T20:09:49.831Z"),
            ("2024-02-28T23:59:59Z", 86_401_000, "2024-03-01T00:00:00.000Z"),
            ("1970-01-01T00:00:00.000Z", 0, "1970-01-01T00:00:00.000Z"),
            ("2025-12-31T23:59:59.999Z", 1, "2026-01-01T00:00:00.000Z"),
        ];
        for (started, millis, expected) in cases {
            assert_eq!(end(started, millis).as_deref(), Some(expected), "{started}");
        }
        for wrong in ["", "yesterday", "2026-13-01T00:00:00Z", "2026-01-01T00:00:00+01:00", "2026-01-01"] {
            assert_eq!(end(wrong, 0), None, "{wrong}");
        }
    }
}
