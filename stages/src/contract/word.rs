//! Parameters that may be written as one word where their main part says it all: `patient: Patient ID` for
//! `patient: { column: Patient ID }`. Independent of what the words mean.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::{Serialize, Serializer};
use std::borrow::Cow;
use std::marker::PhantomData;

/// A mapping that one word, or one list of words, can stand for.
pub trait Worded: Sized {
    /// What is expected, for messages: `the name of a column, or a mapping`.
    const EXPECTED: &'static str;
    /// What the word alone means.
    fn of_word(word: String) -> Self;
    /// What a list alone means, where it may be one.
    fn of_list(_list: Vec<String>) -> Option<Self> {
        None
    }
}

/// Reads a word as [`Worded::of_word`] says and a mapping as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrWord<T>(pub T);

impl<T> std::ops::Deref for OrWord<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Serialize> Serialize for OrWord<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de, T: Worded + Deserialize<'de>> Deserialize<'de> for OrWord<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Either(PhantomData)).map(OrWord)
    }
}

struct Either<T>(PhantomData<T>);

impl<'de, T: Worded + Deserialize<'de>> Visitor<'de> for Either<T> {
    type Value = T;
    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(T::EXPECTED)
    }
    fn visit_str<E: Error>(self, word: &str) -> Result<T, E> {
        Ok(T::of_word(word.to_owned()))
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<T, A::Error> {
        let list = Vec::<String>::deserialize(SeqAccessDeserializer::new(list))?;
        T::of_list(list).ok_or_else(|| A::Error::custom(format_args!("expected {}, found a list", T::EXPECTED)))
    }
}

impl<T: JsonSchema + Worded> JsonSchema for OrWord<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("OrWord{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let map = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [map, { "type": "string" }, { "type": "array", "items": { "type": "string" } }], "expected": T::EXPECTED })
    }
    fn inline_schema() -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::bad_parameter::Fault;
    use crate::contract::decode::decode;
    use crate::contract::fit::NotWritten;
    use serde_json::json;

    #[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Column {
        column: String,
        #[serde(default)]
        pattern: Option<String>,
    }
    impl Worded for Column {
        const EXPECTED: &'static str = "the name of a column, or a mapping";
        fn of_word(column: String) -> Self {
            Column { column, pattern: None }
        }
    }

    #[test]
    fn a_word_is_its_map_and_faults_keep_their_place() {
        let read = |value| decode::<OrWord<Column>>(value, &NotWritten);
        assert_eq!(read(json!("who")).unwrap(), read(json!({ "column": "who" })).unwrap());
        let fault = |value| read(value).unwrap_err().remove(0);
        assert_eq!(fault(json!({ "column": "who", "patern": "x" })).path, ["patern"]);
        assert_eq!(fault(json!(3)).what, Fault::Value("expected the name of a column, or a mapping, found the number `3`".into()));
        assert_eq!(fault(json!(["a"])).what, Fault::Value("expected the name of a column, or a mapping, found a list".into()));
    }
}
