//! A folder per class. Without a table nobody knows whose a film is: each file is taken as a patient of its own, unless
//! there is a folder per patient below the class.

use super::Row;
use crate::contract::source::ListedFile;

pub(super) fn rows(films: &[ListedFile]) -> Vec<Row> {
    films
        .iter()
        .filter_map(|f| {
            let (label, rest) = f.name.split_once('/')?;
            let patient = rest.split_once('/').map_or(f.name.as_str(), |_| f.name.rsplit_once('/').map_or("", |(folder, _)| folder));
            Some(Row { patient: patient.into(), file: f.name.clone(), label: label.into(), ..Row::default() })
        })
        .collect()
}
