//! Ranges of parameters as types: the range in the JSON schema, which explains what does not fit, and the check when a
//! parameter is read are one. Independent of what the numbers mean.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error};
use serde::{Serialize, Serializer};
use std::borrow::Cow;
use std::ops::Deref;

/// The type of a whole number that has a range.
pub trait Integer: Copy + TryFrom<u64> + TryInto<u64> + Serialize + DeserializeOwned + JsonSchema {}
impl Integer for u32 {}
impl Integer for usize {}

/// A whole number from `MIN` to `MAX`; without `MAX`, as large as its type allows. Serialised as the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Whole<const MIN: u64, const MAX: u64 = { u64::MAX }, N = u32>(N);

/// How many of something: at least 1.
pub type Count = Whole<1>;
/// A width, depth or latent size of a network: from 1 to 4096. Products of a few of them are sizes of tensors, which must not overflow.
pub type Size = Whole<1, 4096, usize>;

impl<const MIN: u64, const MAX: u64, N: Integer> Whole<MIN, MAX, N> {
    /// The number, if it is in the range.
    pub fn new(number: N) -> Option<Self> {
        number.try_into().is_ok_and(|n| (MIN..=MAX).contains(&n)).then_some(Whole(number))
    }
    /// A number of the program itself, such as a default.
    ///
    /// # Panics
    /// Where it is not in the range.
    pub fn of(number: N) -> Self {
        Self::new(number).expect("BUG: a number of the program is in its range")
    }
    /// The number.
    pub fn get(self) -> N {
        self.0
    }
}

impl<const MIN: u64, const MAX: u64, N> Deref for Whole<MIN, MAX, N> {
    type Target = N;
    fn deref(&self) -> &N {
        &self.0
    }
}

impl<const MIN: u64, const MAX: u64, N: Integer> Serialize for Whole<MIN, MAX, N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de, const MIN: u64, const MAX: u64, N: Integer> Deserialize<'de> for Whole<MIN, MAX, N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(N::deserialize(deserializer)?).ok_or_else(|| D::Error::custom("the number is out of range"))
    }
}

impl<const MIN: u64, const MAX: u64, N: Integer> JsonSchema for Whole<MIN, MAX, N> {
    fn schema_name() -> Cow<'static, str> {
        format!("{}From{MIN}To{MAX}", N::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = N::json_schema(generator);
        schema.insert("minimum".into(), MIN.into());
        if MAX < u64::MAX {
            schema.insert("maximum".into(), MAX.into());
        }
        schema
    }
    fn inline_schema() -> bool {
        true
    }
}

/// Declares types of finite numbers in a range, which consists of `from`, `to`, `above` and `below`, each with its
/// limit.
///
/// ```text
/// bounds! {
///     /// A share of a whole.
///     Share: from 0, to 1;
/// }
/// ```
macro_rules! bounds {
    (@holds $v:ident from $limit:literal) => { $v >= $limit as f64 };
    (@holds $v:ident to $limit:literal) => { $v <= $limit as f64 };
    (@holds $v:ident above $limit:literal) => { $v > $limit as f64 };
    (@holds $v:ident below $limit:literal) => { $v < $limit as f64 };
    (@keyword from) => { "minimum" };
    (@keyword to) => { "maximum" };
    (@keyword above) => { "exclusiveMinimum" };
    (@keyword below) => { "exclusiveMaximum" };
    ($($(#[$doc:meta])* $name:ident: $($bound:ident $limit:literal),+;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, PartialOrd, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(f64);

        #[allow(dead_code, reason = "which of these a kind needs differs from range to range")]
        impl $name {
            /// The number, if it is finite and in the range.
            pub const fn new(number: f64) -> Option<Self> {
                if number.is_finite() $(&& $crate::contract::bounds::bounds!(@holds number $bound $limit))+ { Some($name(number)) } else { None }
            }
            /// A number of the program itself, such as a default.
            ///
            /// # Panics
            /// Where it is not in the range.
            pub const fn of(number: f64) -> Self {
                Self::new(number).expect("BUG: a number of the program is in its range")
            }
            /// The number.
            pub const fn get(self) -> f64 {
                self.0
            }
        }

        impl std::ops::Deref for $name {
            type Target = f64;
            fn deref(&self) -> &f64 {
                &self.0
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
                let number = <f64 as serde::Deserialize>::deserialize(deserializer)?;
                Self::new(number).ok_or_else(|| <D::Error as serde::de::Error>::custom("the number is out of range"))
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let mut schema = <f64 as schemars::JsonSchema>::json_schema(generator);
                $( schema.insert($crate::contract::bounds::bounds!(@keyword $bound).into(), serde_json::json!($limit)); )+
                schema
            }
            fn inline_schema() -> bool {
                true
            }
        }
    )+};
}
pub(crate) use bounds;

bounds! {
    /// A share of a whole.
    Share: from 0, to 1;
    /// A share of a whole that is less than all of it, such as what a moving average keeps at each step.
    PartialShare: from 0, below 1;
    /// A share of a whole that is more than nothing and less than all of it.
    InnerShare: above 0, below 1;
    /// A factor that reduces, or leaves as it is.
    Reduction: above 0, to 1;
    /// Share of the features that dropout removes.
    Dropout: from 0, to 0.95;
    /// A number greater than 0, such as a learning rate.
    Positive: above 0;
    /// A number of at least 0, such as the weight of a loss.
    NonNegative: from 0;
    /// A factor that enlarges, or leaves as it is.
    Multiple: from 1;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::bad_parameter::Fault;
    use crate::contract::decode::decode;
    use crate::contract::fit::NotWritten;
    use serde_json::{Value, json};

    type Few = Whole<2, 9>;

    #[test]
    fn limits_belong_to_a_range_or_not() {
        assert_eq!([1, 2, 9, 10].map(|n| Few::new(n).is_some()), [false, true, true, false]);
        assert_eq!([0, 1, 4096, 4097, usize::MAX].map(|n| Size::new(n).is_some()), [false, true, true, false, false]);
        assert_eq!([-0.1, 0.0, 1.0, 1.1].map(|n| Share::new(n).is_some()), [false, true, true, false]);
        assert_eq!([0.0, 0.5, 1.0].map(|n| (PartialShare::new(n).is_some(), InnerShare::new(n).is_some())), [(true, false), (true, true), (false, false)]);
        assert_eq!([0.0, f64::MIN_POSITIVE].map(|n| Positive::new(n).is_some()), [false, true]);
        for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(NonNegative::new(odd).is_none() && Share::new(odd).is_none() && Multiple::new(odd).is_none());
        }
    }

    #[test]
    fn a_number_is_written_as_it_is_and_its_range_stands_in_the_schema() {
        assert_eq!(serde_json::to_string(&(Share::of(1.0), Dropout::of(0.5), Few::of(3), Size::of(4))).unwrap(), "[1.0,0.5,3,4]");
        let schema = |of: schemars::Schema| of.to_value();
        assert_eq!(schema(schemars::schema_for!(Option<Few>))["type"], json!(["integer", "null"]), "it is not a type of its own");
        let few = schema(schemars::schema_for!(Few));
        assert_eq!((&few["format"], &few["minimum"], &few["maximum"]), (&json!("uint32"), &json!(2), &json!(9)));
        assert_eq!(schema(schemars::schema_for!(Count)).get("maximum"), None);
        let inner = schema(schemars::schema_for!(InnerShare));
        assert_eq!((&inner["exclusiveMinimum"], &inner["exclusiveMaximum"], inner.get("minimum")), (&json!(0), &json!(1), None));
    }

    #[test]
    fn what_is_out_of_range_is_explained_by_the_range() {
        fn why<T: DeserializeOwned + JsonSchema>(value: Value) -> String {
            match decode::<T>(value, &NotWritten).map(|_| ()).unwrap_err().remove(0).what {
                Fault::Value(why) => why,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(why::<Few>(json!(10)), "expected a whole number from 2 to 9, found the number `10`");
        assert_eq!(why::<Count>(json!(0)), "expected a whole number of at least 1, found the number `0`");
        assert_eq!(why::<Share>(json!(1.5)), "expected a number from 0 to 1, found the number `1.5`");
        assert_eq!(why::<PartialShare>(json!(1)), "expected a number of at least 0 and less than 1, found the number `1`");
        assert_eq!(why::<InnerShare>(json!(0)), "expected a number greater than 0 and less than 1, found the number `0`");
        assert_eq!(why::<Reduction>(json!(2)), "expected a number greater than 0 and at most 1, found the number `2`");
        assert_eq!(why::<Positive>(json!(-1)), "expected a number greater than 0, found the number `-1`");
        assert_eq!(why::<Option<Positive>>(json!(0)), "expected a number greater than 0, found the number `0`");
        assert_eq!(decode::<Whole<1>>(json!(1e3), &NotWritten).unwrap().get(), 1000, "a whole number may be written as a float");
    }
}
