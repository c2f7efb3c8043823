//! The range of a number as its schema states it: what belongs to it, its words, and the nearest number in it.

use super::range;
use serde_json::Value;

/// One more than the largest whole number that JSON holds exactly.
const END: f64 = 18_446_744_073_709_551_616.0;

/// Which numbers fit.
pub(super) struct NumberRange {
    is_whole: bool,
    /// `minimum`, and the least that the type holds.
    least: Option<f64>,
    /// `maximum`.
    most: Option<f64>,
    /// The most that the type holds, where the schema states no maximum. Nobody needs to be told before it is exceeded.
    capacity: f64,
    above: Option<f64>,
    below: Option<f64>,
    /// `enum`: of all these, only some.
    among: Vec<f64>,
}

impl NumberRange {
    pub(super) fn of(schema: &Value, is_whole: bool) -> Self {
        let limit = |keyword: &str| schema[keyword].as_f64();
        let format = schema["format"].as_str().unwrap_or_default();
        let capacity = match format {
            "uint32" => f64::from(u32::MAX),
            "float" => f64::from(f32::MAX),
            _ if is_whole => END.next_down(),
            _ => f64::MAX,
        };
        let among = schema["enum"].as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
        let least = limit("minimum").or(format.starts_with("uint").then_some(0.0));
        NumberRange { is_whole, least, most: limit("maximum"), capacity, above: limit("exclusiveMinimum"), below: limit("exclusiveMaximum"), among }
    }

    fn most(&self) -> f64 {
        self.most.unwrap_or(self.capacity)
    }

    pub(super) fn contains(&self, v: f64) -> bool {
        let within = self.least.is_none_or(|l| v >= l) && v <= self.most();
        let strictly = self.above.is_none_or(|a| v > a) && self.below.is_none_or(|b| v < b);
        let is_among = self.among.is_empty() || self.among.contains(&v);
        within && strictly && is_among && (!self.is_whole || v.fract() == 0.0)
    }

    /// The number of the range, if it has any, that is nearest to `v`; beside a limit that does not belong to it, in
    /// single precision.
    pub(super) fn nearest(&self, v: f64) -> f64 {
        if let Some(near) = self.among.iter().min_by(|a, b| (**a - v).abs().total_cmp(&(**b - v).abs())) {
            return *near;
        }
        let v = if self.is_whole { v.round() } else { v };
        let v = self.least.map_or(v, |l| v.max(l)).min(self.most());
        let v = self.above.filter(|a| v <= *a).map_or(v, |a| f64::from((a as f32).next_up()));
        self.below.filter(|b| v >= *b).map_or(v, |b| f64::from((b as f32).next_down()))
    }

    /// `a whole number from 1 to 9`, `a number greater than 0`, `1 or 3`.
    pub(super) fn in_words(&self, found: Option<f64>) -> String {
        if let [few @ .., last] = self.among.as_slice() {
            let few: Vec<String> = few.iter().map(f64::to_string).collect();
            return if few.is_empty() { last.to_string() } else { format!("{} or {last}", few.join(", ")) };
        }
        let most = self.most.or(found.filter(|v| *v > self.capacity).map(|_| self.capacity));
        let bounds = match (self.above, self.below) {
            (None, None) => range(self.least, most, true),
            (above, below) => {
                let low = above.map(|a| format!("greater than {a}")).or(self.least.map(|l| format!("of at least {l}")));
                let high = below.map(|b| format!("less than {b}")).or(most.map(|m| format!("at most {m}")));
                format!(" {}", low.into_iter().chain(high).collect::<Vec<_>>().join(" and "))
            }
        };
        format!("a {}number{bounds}", if self.is_whole { "whole " } else { "" })
    }
}

/// A whole number that was written as a fraction, such as `1e5`, as an integer.
pub(super) fn whole(v: f64) -> Value {
    if v < 0.0 { Value::from(v as i64) } else { Value::from(v as u64) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_nearest_number_is_in_the_range() {
        let of = |schema: Value, is_whole, v| NumberRange::of(&schema, is_whole).nearest(v);
        assert_eq!(of(json!({"minimum": 1, "format": "uint32"}), true, 0.0), 1.0);
        assert_eq!(of(json!({"minimum": 1, "format": "uint32"}), true, 5e9), f64::from(u32::MAX));
        assert_eq!(of(json!({"minimum": 2, "maximum": 9}), true, 4.4), 4.0);
        assert_eq!(of(json!({"minimum": 0, "maximum": 0.95}), false, 1.0), 0.95);
        let inner = NumberRange::of(&json!({"exclusiveMinimum": 0, "exclusiveMaximum": 1}), false);
        assert!([-1.0, 0.0, 1.0, 7.0].iter().all(|v| inner.contains(inner.nearest(*v))));
    }

    #[test]
    fn a_limit_that_nobody_set_is_named_where_it_is_exceeded() {
        let count = NumberRange::of(&json!({"minimum": 1, "format": "uint32"}), true);
        assert_eq!(count.in_words(Some(0.0)), "a whole number of at least 1");
        assert_eq!(count.in_words(Some(5e9)), "a whole number from 1 to 4294967295");
        let size = NumberRange::of(&json!({"minimum": 1, "format": "uint"}), true);
        assert!(size.contains(1e19) && !size.contains(2e19));
        assert!(size.in_words(Some(2e19)).starts_with("a whole number from 1 to 1844674407370955"));
        assert_eq!((whole(1e19), whole(-3.0)), (json!(10_000_000_000_000_000_000u64), json!(-3)));
    }
}
