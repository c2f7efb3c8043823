//! Patients are known by a keyed hash only: `p:` and 32 hexadecimal digits of HMAC-SHA256 under the study's key.
//!
//! A plain hash of an identifier could be enumerated. The key lives outside store, results and exports; destroying it
//! cuts the link. Only its public fingerprint enters recipes.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The key of a study's pseudonyms.
#[derive(Clone)]
pub struct PseudonymKey([u8; 32]);

impl PseudonymKey {
    /// From 32 secret bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        PseudonymKey(bytes)
    }
    /// The public fingerprint: tells keys apart and reveals nothing.
    pub fn fingerprint(&self) -> String {
        blake3::Hasher::new_derive_key("hilum pseudonym key fingerprint v1").update(&self.0).finalize().to_hex()[..16].to_owned()
    }
    /// The pseudonym of an identifier, as [`normalised`] spells it.
    pub fn pseudonym(&self, identifier: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("BUG: HMAC takes any key");
        mac.update(b"hilum/patient/v1\0");
        mac.update(normalised(identifier).as_bytes());
        let digest = mac.finalize().into_bytes();
        let hex: String = digest[..16].iter().map(|b| format!("{b:02x}")).collect();
        format!("p:{hex}")
    }
}

/// One spelling of an identifier: spaces around it and the case of letters do not matter.
pub fn normalised(identifier: &str) -> String {
    identifier.trim().to_uppercase()
}

impl std::fmt::Debug for PseudonymKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PseudonymKey({})", self.fingerprint())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pseudonyms_depend_on_the_key_and_the_normalised_identifier() {
        let (a, b) = (PseudonymKey::new([1; 32]), PseudonymKey::new([2; 32]));
        assert_eq!(a.pseudonym(" c46 "), a.pseudonym("C46"));
        assert_ne!(a.pseudonym("C46"), b.pseudonym("C46"));
        assert_ne!(a.pseudonym("0012"), a.pseudonym("12"), "leading zeros are part of an identifier");
        assert_eq!(a.pseudonym("x").len(), 34);
        // HMAC-SHA256 by Python's hmac module.
        assert_eq!(PseudonymKey::new(*b"hilum phantoms have no secrets..").pseudonym("1"), ORACLE);
    }
    const ORACLE: &str = "p:3ffc7609f45cd8785c4594e17f8cff2b";
}
