//! Unique identifiers without a registry: below the root 2.25, the decimal number of a UUID (PS3.5, B.2), which follows from what is
//! named, so that the same run has the same ones.

use hilum_cache::Sha256;

/// The identifier of something: the same parts give the same one.
pub(super) fn of(parts: &[&str]) -> String {
    // Each part with its length, so that no two lists of parts are spelled alike.
    let spelled: String = parts.iter().map(|part| format!("{}:{part};", part.len())).collect();
    let hex = Sha256::of(format!("hilum.dicom.v1 {spelled}").as_bytes()).hex();
    let mut number = u128::from_str_radix(&hex[..32], 16).expect("BUG: hexadecimal digits");
    // A UUID of version 8 and variant 1 (RFC 9562).
    number = number & !(0xf << 76) | 0x8 << 76;
    number = number & !(0x3 << 62) | 0x2 << 62;
    format!("2.25.{number}")
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn an_identifier_is_a_uuid_and_follows_from_its_parts() {
        let one = of(&["image", "a", "b"]);
        assert!(one.len() <= 64 && one != of(&["image", "ab", ""]) && one == of(&["image", "a", "b"]));
        let number: u128 = one.strip_prefix("2.25.").unwrap().parse().unwrap();
        assert_eq!((number >> 76 & 0xf, number >> 62 & 0x3), (8, 2));
    }
}
