//! Under which licence an export is passed on. The program cannot know it: it is said, or it is said that it was not.

use serde_json::{Value, json};

/// A licence as somebody gave it, or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Licence {
    /// Nobody said it.
    NotStated,
    /// An identifier of the SPDX list, such as `CC-BY-4.0`.
    Spdx(String),
    /// An address.
    Url(String),
    /// Any other text.
    Text(String),
}

/// What is said where nobody gave a licence.
pub(super) const NOT_STATED: &str = "No licence was stated when this was exported. Until the holders of the rights grant one, nobody else may use it.";

impl Licence {
    /// A licence by what was given on the command line.
    pub fn of(given: Option<&str>) -> Licence {
        match given.map(str::trim).filter(|text| !text.is_empty()) {
            None => Licence::NotStated,
            Some(url) if url.starts_with("https://") || url.starts_with("http://") => Licence::Url(url.to_owned()),
            Some(id) if id.chars().all(|c| c.is_ascii_alphanumeric() || ".+-".contains(c)) => Licence::Spdx(id.to_owned()),
            Some(text) => Licence::Text(text.to_owned()),
        }
    }

    /// In one line: an address, or a sentence.
    pub(super) fn line(&self) -> String {
        match self {
            Licence::NotStated => NOT_STATED.to_owned(),
            Licence::Spdx(id) => format!("https://spdx.org/licenses/{id}"),
            Licence::Url(text) | Licence::Text(text) => text.clone(),
        }
    }

    /// An entity of a crate.
    pub(super) fn entity(&self) -> Value {
        let (id, name, description) = match self {
            Licence::NotStated => ("#licence-not-stated".to_owned(), "Licence not stated", NOT_STATED),
            Licence::Spdx(name) => (self.line(), name.as_str(), "The licence under which this crate is passed on."),
            Licence::Url(url) => (url.clone(), url.as_str(), "The licence under which this crate is passed on."),
            Licence::Text(text) => ("#licence".to_owned(), "Licence", text.as_str()),
        };
        json!({ "@id": id, "@type": "CreativeWork", "name": name, "description": description })
    }

    /// As CycloneDX has it; none where it was not stated.
    pub(super) fn cyclonedx(&self) -> Option<Value> {
        match self {
            Licence::NotStated => None,
            Licence::Spdx(id) => Some(json!([{ "expression": id }])),
            Licence::Url(url) => Some(json!([{ "license": { "name": url, "url": url } }])),
            Licence::Text(text) => Some(json!([{ "license": { "name": text } }])),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_licence_is_an_identifier_an_address_or_a_sentence() {
        assert_eq!(Licence::of(None), Licence::NotStated);
        assert_eq!(Licence::of(Some(" ")), Licence::NotStated);
        assert_eq!(Licence::of(Some("CC-BY-4.0")), Licence::Spdx("CC-BY-4.0".into()));
        assert_eq!(Licence::of(Some("https://example.org/terms")), Licence::Url("https://example.org/terms".into()));
        assert_eq!(Licence::of(Some("for our partners only")), Licence::Text("for our partners only".into()));
        assert_eq!(Licence::of(Some("MIT")).entity()["@id"], "https://spdx.org/licenses/MIT");
    }
}
