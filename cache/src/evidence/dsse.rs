//! Envelopes of the Dead Simple Signing Envelope (DSSE, protocol version 1): a payload with its type, and signatures over both. Other
//! programs check them: securesystemslib, in-toto, or `openssl` on the bytes that are signed. Independent of what payloads say.

use super::keys::{PublicKey, SigningKey};
use crate::{Sha256, canonical};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// A payload with its signature, if it has one. The protocol allows several; a further one could be added by anybody unseen, and is
/// refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Envelope {
    /// The payload in base 64.
    payload: String,
    /// What the payload is, such as `application/vnd.in-toto+json`.
    #[serde(rename = "payloadType")]
    kind: String,
    signatures: Vec<Signature>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signature {
    keyid: String,
    /// In base 64.
    sig: String,
}

/// What is known of the signature of a payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "signed", content = "key")]
pub enum Signed {
    /// There is none.
    No,
    /// By a key that is not trusted, and of which this program therefore has no public half: it cannot be checked.
    ByUnknown(String),
    /// By this trusted key.
    By(String),
    /// It names this trusted key, which has not made it.
    Forged(String),
}

/// The bytes that are signed: type and payload with their lengths.
pub fn signed_bytes(kind: &str, payload: &[u8]) -> Vec<u8> {
    [format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).as_bytes(), payload].concat()
}

impl Envelope {
    /// An envelope of a payload, signed where there is a key.
    pub fn of(kind: &str, payload: &[u8], key: Option<&SigningKey>) -> Envelope {
        let sign = |key: &SigningKey| Signature { keyid: key.public().id(), sig: STANDARD.encode(key.sign(&signed_bytes(kind, payload))) };
        Envelope { payload: STANDARD.encode(payload), kind: kind.to_owned(), signatures: key.map(sign).into_iter().collect() }
    }

    /// Reads the bytes of an envelope, in the one spelling that [`Envelope::to_bytes`] writes: whoever changes a bit is noticed, even
    /// where the change would mean nothing.
    pub fn read(bytes: &[u8]) -> Option<Envelope> {
        let envelope: Envelope = serde_json::from_slice(bytes).ok()?;
        let is_whole =
            |s: &Signature| Sha256::from_hex(&s.keyid).is_some_and(|id| id.hex() == s.keyid) && STANDARD.decode(&s.sig).is_ok_and(|sig| sig.len() == 64);
        let is_known = envelope.signatures.len() < 2 && envelope.signatures.iter().all(is_whole) && STANDARD.decode(&envelope.payload).is_ok();
        (is_known && envelope.to_bytes() == bytes).then_some(envelope)
    }

    /// One line of canonical JSON.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = canonical::to_bytes(self);
        bytes.push(b'\n');
        bytes
    }

    /// The payload, if the envelope is of this type.
    pub fn payload(&self, kind: &str) -> Option<Vec<u8>> {
        if self.kind == kind { STANDARD.decode(&self.payload).ok() } else { None }
    }

    /// What the payload says, if the envelope is of this type and the payload is spelled as `T` is written; with its bytes.
    pub(super) fn says<T: Serialize + serde::de::DeserializeOwned>(&self, kind: &str) -> Option<(T, Vec<u8>)> {
        let payload = self.payload(kind)?;
        let says: T = serde_json::from_slice(&payload).ok()?;
        (canonical::to_bytes(&says) == payload).then_some((says, payload))
    }

    /// What is known of its signature.
    pub fn signed(&self, trusted: &[PublicKey]) -> Signed {
        let (Some(Signature { keyid, sig }), Ok(payload)) = (self.signatures.first(), STANDARD.decode(&self.payload)) else { return Signed::No };
        let Some(key) = trusted.iter().find(|key| key.id() == *keyid) else { return Signed::ByUnknown(keyid.clone()) };
        let signature: Option<[u8; 64]> = STANDARD.decode(sig).ok().and_then(|bytes| bytes.try_into().ok());
        match signature.is_some_and(|signature| key.has_signed(&signed_bytes(&self.kind, &payload), &signature)) {
            true => Signed::By(keyid.clone()),
            false => Signed::Forged(keyid.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KIND: &str = "application/vnd.hilum.test+json";

    #[test]
    fn what_is_signed_is_that_of_the_protocol() {
        assert_eq!(signed_bytes("http://example.com/HelloWorld", b"hello world"), b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
        let key = SigningKey::new([7; 32]);
        let envelope = Envelope::of(KIND, b"{}", Some(&key));
        let json: serde_json::Value = serde_json::from_slice(&envelope.to_bytes()).unwrap();
        assert_eq!((&json["payload"], &json["payloadType"], &json["signatures"][0]["keyid"]), (&"e30=".into(), &KIND.into(), &key.public().id().into()));
    }

    #[test]
    fn only_a_trusted_key_vouches_for_a_payload() {
        let [key, other] = [[7; 32], [8; 32]].map(SigningKey::new);
        let envelope = Envelope::of(KIND, b"{}", Some(&key));
        let id = key.public().id();
        assert_eq!(envelope.signed(&[key.public()]), Signed::By(id.clone()));
        assert_eq!(envelope.signed(&[]), Signed::ByUnknown(id.clone()));
        assert_eq!(envelope.signed(&[other.public()]), Signed::ByUnknown(id.clone()));
        assert_eq!(Envelope::of(KIND, b"{}", None).signed(&[key.public()]), Signed::No);
        let mut forged = Envelope::of(KIND, b"{}", Some(&other));
        forged.signatures[0].keyid = id.clone();
        assert_eq!(forged.signed(&[key.public(), other.public()]), Signed::Forged(id));
        let mut two = envelope.clone();
        two.signatures.extend(forged.signatures);
        assert_eq!(Envelope::read(&two.to_bytes()), None, "whoever adds one is noticed");
        assert_eq!(Envelope::read(&envelope.to_bytes()), Some(envelope));
    }

    proptest! {
        /// No bit can be flipped unseen, be it of the payload, a signature, a name, or a bit of base 64 that no byte is made of.
        #[test]
        fn a_flipped_bit_is_noticed(payload in prop::collection::vec(any::<u8>(), 0..90), at in any::<prop::sample::Index>(), bit in 0..8u8) {
            let key = SigningKey::new([7; 32]);
            let mut bytes = Envelope::of(KIND, &payload, Some(&key)).to_bytes();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            let read = Envelope::read(&bytes).filter(|e| e.payload(KIND).is_some()).map(|e| e.signed(&[key.public()]));
            prop_assert!(!matches!(read, Some(Signed::By(_))), "{read:?}");
        }
    }
}
