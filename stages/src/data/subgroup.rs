//! Groups of images by what their table says of the patient or of where they were taken. Independent of what is asked of them.

use super::sample::Sample;
use crate::contract::prelude::*;

/// What images are grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Subgroup {
    /// The sex of the patient.
    Sex,
    /// The age of the patient, in groups that begin at `ages`.
    Age,
    /// The projection.
    View,
    /// Where the image was collected.
    Source,
}

/// What no table says.
pub const UNKNOWN: &str = "unknown";

impl Subgroup {
    /// Its name in studies and tables.
    pub fn name(self) -> &'static str {
        match self {
            Subgroup::Sex => "sex",
            Subgroup::Age => "age",
            Subgroup::View => "view",
            Subgroup::Source => "source",
        }
    }

    /// The group of an image; [`UNKNOWN`] where its table does not say. Age groups begin at `ages`, in years, ascending.
    pub fn of(self, row: &Sample, ages: &[u32]) -> String {
        let text = match self {
            Subgroup::Sex => row.sex.clone(),
            Subgroup::View => row.view.clone(),
            Subgroup::Source => row.source.clone(),
            Subgroup::Age => row.age.map(|age| age_group(age, ages)).unwrap_or_default(),
        };
        if text.is_empty() { UNKNOWN.into() } else { text }
    }
}

/// Such as `under 40`, `40-59` and `60 and over`.
fn age_group(age: f64, ages: &[u32]) -> String {
    match ages.iter().rposition(|from| age >= f64::from(*from)) {
        None => format!("under {}", ages.first().copied().unwrap_or(0)),
        Some(at) => match ages.get(at + 1) {
            Some(next) => format!("{}-{}", ages[at], next - 1),
            None => format!("{} and over", ages[at]),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_in_groups_that_begin_where_the_study_says() {
        let of = |age| age_group(age, &[40, 60]);
        assert_eq!([of(0.0), of(39.9), of(40.0), of(59.9), of(60.0), of(130.0)], ["under 40", "under 40", "40-59", "40-59", "60 and over", "60 and over"]);
    }
}
