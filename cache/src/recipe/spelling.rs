//! The canonical spelling of a recipe, field by field: a plan forms the keys of thousands of stages, and the general way
//! through a serialiser takes several times as long. A test holds both ways together.

use super::{Gathered, Input, Recipe};
use crate::{Digest, canonical};
use std::collections::BTreeMap;

impl Recipe {
    /// What `canonical::to_bytes` gives, without its detours.
    pub fn canonical(&self) -> Vec<u8> {
        // Taken apart without `..`: a field that is added later does not compile until it is spelled here, in its place in the alphabet.
        let Recipe { engine, inputs, kind, parameters, pseudonyms, seed, sources, v, version } = self;
        let mut out = Vec::with_capacity(512);
        let mut before = b'{';
        let mut name = |name: &str, out: &mut Vec<u8>| {
            out.push(before);
            before = b',';
            canonical::write_text(name, out);
            out.push(b':');
        };
        if let Some(engine) = engine {
            name("engine", &mut out);
            canonical::write_text(engine, &mut out);
        }
        if !inputs.is_empty() {
            name("inputs", &mut out);
            write_map(inputs, &mut out, Input::write);
        }
        name("kind", &mut out);
        canonical::write_text(kind, &mut out);
        name("parameters", &mut out);
        canonical::write_value(parameters, &mut out);
        for (key, value) in [("pseudonyms", pseudonyms), ("seed", seed)] {
            if let Some(text) = value {
                name(key, &mut out);
                canonical::write_text(text, &mut out);
            }
        }
        if !sources.is_empty() {
            name("sources", &mut out);
            write_map(sources, &mut out, write_digest);
        }
        for (key, value) in [("v", v), ("version", version)] {
            name(key, &mut out);
            out.extend_from_slice(value.to_string().as_bytes());
        }
        out.push(b'}');
        out
    }
}

impl Input {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Input::One(digest) => write_digest(digest, out),
            Input::List(digests) => canonical::write_all(digests, *b"[]", out, write_digest),
            Input::Gathered(cells) => canonical::write_all(cells, *b"[]", out, |Gathered { cell, digest }, out| {
                out.extend_from_slice(b"{\"cell\":");
                canonical::write_text(cell, out);
                out.extend_from_slice(b",\"digest\":");
                write_digest(digest, out);
                out.push(b'}');
            }),
            Input::Lookup { lookup, images } => {
                out.extend_from_slice(format!("{{\"images\":{images},\"lookup\":").as_bytes());
                write_digest(lookup, out);
                out.push(b'}');
            }
        }
    }
}

fn write_digest(digest: &Digest, out: &mut Vec<u8>) {
    out.extend_from_slice(b"\"b3:");
    out.extend_from_slice(digest.hex().as_bytes());
    out.push(b'"');
}

/// Ports and parameters are plain ASCII words, which every order sorts alike.
fn write_map<T>(map: &BTreeMap<String, T>, out: &mut Vec<u8>, write: impl Fn(&T, &mut Vec<u8>)) {
    canonical::write_all(map, *b"{}", out, |(key, value), out| {
        canonical::write_text(key, out);
        out.push(b':');
        write(value, out);
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_spelling_is_that_of_the_standard() {
        let d = Digest::of(b"x");
        let bare = Recipe {
            v: 1,
            kind: "k".into(),
            version: 1,
            parameters: json!({}),
            seed: None,
            inputs: BTreeMap::new(),
            sources: BTreeMap::new(),
            engine: None,
            pseudonyms: None,
        };
        let mut full = bare.clone();
        full.parameters = json!({"b": 2e-4, "a": [1, "ü\n", null], "n": {}});
        (full.seed, full.engine, full.pseudonyms) = (Some("18446744073709551615".into()), Some("cpu-1".into()), Some("3f\"2a".into()));
        full.sources = [("table".to_owned(), d)].into();
        full.inputs = [
            ("a".to_owned(), Input::One(d)),
            ("b".to_owned(), Input::List(vec![d, d])),
            ("c".to_owned(), Input::Gathered(vec![Gathered { cell: "arm=é".into(), digest: d }, Gathered { cell: String::new(), digest: d }])),
            ("d".to_owned(), Input::Lookup { lookup: d, images: 3 }),
        ]
        .into();
        for r in [&full, &bare] {
            assert_eq!(String::from_utf8(r.canonical()).unwrap(), canonical::to_string(r));
        }
    }
}
