//! Whole numbers of which a few are allowed, as types: the JSON schema lists them, and no other is read. Independent of
//! what the numbers mean.

/// Declares types of whole numbers with those that are allowed.
///
/// ```text
/// one_of! {
///     /// Side of the images in pixels.
///     Side: 32, 64, 128;
/// }
/// ```
macro_rules! one_of {
    ($($(#[$doc:meta])* $name:ident: $($number:literal),+;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(usize);

        impl $name {
            /// The number, if it is allowed.
            pub const fn new(number: usize) -> Option<Self> {
                if matches!(number, $($number)|+) { Some($name(number)) } else { None }
            }
            /// A number of the program itself, such as a default.
            ///
            /// # Panics
            /// Where it is not allowed.
            pub const fn of(number: usize) -> Self {
                Self::new(number).expect("BUG: a number of the program is allowed")
            }
        }

        impl std::ops::Deref for $name {
            type Target = usize;
            fn deref(&self) -> &usize {
                &self.0
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
                let number = <usize as serde::Deserialize>::deserialize(deserializer)?;
                Self::new(number).ok_or_else(|| <D::Error as serde::de::Error>::custom("the number is not one of those that are allowed"))
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let mut schema = <usize as schemars::JsonSchema>::json_schema(generator);
                schema.remove("minimum");
                schema.insert("enum".into(), serde_json::json!([$($number),+]));
                schema
            }
            fn inline_schema() -> bool {
                true
            }
        }
    )+};
}
pub(crate) use one_of;

one_of! {
    /// Channels of a network: 1, or 3 with the grey image in each.
    Channels: 1, 3;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::bad_parameter::Fault;
    use crate::contract::decode::nearest;
    use crate::contract::fit::NotWritten;
    use serde_json::{Value, json};

    #[test]
    fn other_numbers_are_refused_and_those_that_are_allowed_are_named() {
        assert_eq!([0, 1, 2, 3].map(|n| Channels::new(n).is_some()), [false, true, false, true]);
        assert_eq!(serde_json::to_string(&Channels::of(3)).unwrap(), "3");
        let read = |v: Value| nearest::<Channels>(v, &NotWritten);
        assert_eq!(read(json!(3.0)), (Some(Channels::of(3)), vec![]));
        let (near, faults) = read(json!(9));
        assert_eq!(near, Some(Channels::of(3)));
        assert_eq!(faults[0].what, Fault::Value("expected 1 or 3, found the number `9`".into()));
        let (near, faults) = read(json!("x"));
        assert_eq!((near, &faults[0].what), (None, &Fault::Value("expected 1 or 3, found the text \"x\"".into())));
    }
}
