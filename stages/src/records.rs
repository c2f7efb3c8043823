//! What stages write down and others read, between stages and in the report: a type for each, with one reader and one
//! writer, and columns only by their names. Independent of stages, stores and how anything is shown.
//!
//! A reader passes over columns that it does not know, which are those of a newer program, and names one that is
//! missing.

mod agreement;
mod answers;
mod arms;
#[cfg(test)]
mod as_inputs;
mod attention;
mod audit;
mod cells;
mod comparison;
mod duplicates;
mod embedding;
mod groups;
mod history;
mod memorisation;
mod metrics;
mod overall;
mod predictions;
mod probes;
mod quality;
mod reference;
mod scores;
mod shortcuts;
mod told;
mod watched;

pub use agreement::AgreementRow;
pub use answers::Answer;
pub use arms::ArmRow;
pub use attention::{Attention, AttentionSummary};
pub use audit::{Audited, Verdict};
pub use cells::number;
pub(crate) use cells::{no_column, unreadable};
pub use comparison::Compared;
pub use duplicates::{DuplicatePair, JoinedPatient, Kept, SameBy, SharedPictures};
pub use embedding::{Embedded, Role};
pub use groups::{SubgroupRow, WithinGroupsRow};
pub use history::History;
pub use memorisation::{Likeness, MemorisationRow, NearestPair};
pub use metrics::MetricRow;
pub use overall::OverallRow;
pub use predictions::{PredictedImage, PredictionTable};
pub use probes::ProbeRow;
pub use quality::QualityRow;
pub use reference::ReferenceRow;
pub use scores::{Measured, Prediction, Purpose, Scores, TrainedClass, TrainingSummary};
pub use shortcuts::ShortcutRow;
pub use told::{OfClass, Told};
pub use watched::WatchedRow;

use crate::contract::prelude::*;
use crate::files::{csv_of, write};
use serde::de::DeserializeOwned;

/// A CSV file that holds rows of one sort.
pub trait Record: Sized {
    /// The file's name without its extension. The type of an artifact says that it is a table, and this name which one.
    const NAME: &'static str;
    /// Takes a record from CSV.
    ///
    /// # Errors
    /// Where a column is missing, which is named, or a row does not read.
    fn read(bytes: &[u8]) -> Result<Self>;
    /// The CSV bytes.
    ///
    /// # Errors
    /// Where memory is short.
    fn to_csv(&self) -> Result<Vec<u8>>;
    /// The file's name.
    fn file_name() -> String {
        format!("{}.csv", Self::NAME)
    }
}

/// A row of a record whose columns are always the same.
pub trait Row: Serialize + DeserializeOwned {
    /// [`Record::NAME`] of a table of such rows.
    const RECORD: &'static str;
    /// The columns in their order: the names of the fields.
    const COLUMNS: &'static [&'static str];
    /// Those of them that tables of older programs lack; their fields have a default.
    const LATER: &'static [&'static str] = &[];
}

/// A record of rows whose columns are always the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Table<T> {
    /// The rows, in the order of the file.
    pub rows: Vec<T>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Table { rows: vec![] }
    }
}

impl<T: Row> Record for Table<T> {
    const NAME: &'static str = T::RECORD;
    fn read(bytes: &[u8]) -> Result<Self> {
        let mut reader = csv::Reader::from_reader(bytes);
        let header = reader.headers().map_err(|e| unreadable(Self::NAME, 1, &e))?.clone();
        let has = |column: &str| header.iter().any(|h| h == column || cells::former(column) == Some(h));
        if let Some(missing) = T::COLUMNS.iter().find(|column| !has(column) && !T::LATER.contains(column)) {
            return Err(no_column(Self::NAME, missing));
        }
        let rows = reader.deserialize().zip(2..).map(|(row, line)| row.map_err(|e| unreadable(Self::NAME, line, &e)));
        Ok(Table { rows: rows.collect::<Result<_>>()? })
    }
    fn to_csv(&self) -> Result<Vec<u8>> {
        csv_of(&self.rows, T::COLUMNS)
    }
}

impl<R: Record> OutputArtifact for R {
    const TYPE: ArtifactType = ArtifactType::Table;
    fn save(&self, directory: &Path) -> Result<()> {
        write(&directory.join(Self::file_name()), &self.to_csv()?)
    }
}

impl<R: Record> InputArtifact for R {
    const TYPE: ArtifactType = ArtifactType::Table;
    fn open(files: &[File]) -> Result<Self> {
        let file = files.iter().find(|f| f.name == Self::file_name());
        let file = file.ok_or_else(|| Error::data(format!("this input takes the table `{}`, but was given another one", Self::NAME)))?;
        Self::read(&std::fs::read(&file.path).map_err(Error::io("read", &file.path))?)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// What every sort of row must do: be written under its columns, be read back, bear columns that it does not know,
    /// and say which one is missing.
    pub(crate) fn is_sound<T: Row + PartialEq + std::fmt::Debug + Clone>(rows: &[T]) {
        let table = Table { rows: rows.to_vec() };
        let csv = table.to_csv().unwrap();
        let mut named = csv::Writer::from_writer(vec![]);
        rows.iter().for_each(|row| named.serialize(row).unwrap());
        assert_eq!(String::from_utf8(named.into_inner().unwrap()).unwrap(), String::from_utf8(csv.clone()).unwrap(), "COLUMNS are the names of the fields");
        speaks_csv(&table);
        let none = Table::<T>::default();
        assert_eq!(Table::read(&none.to_csv().unwrap()).unwrap(), none);
    }

    /// See [`is_sound`], for any record.
    pub(crate) fn speaks_csv<R: Record + PartialEq + std::fmt::Debug>(record: &R) {
        let csv = record.to_csv().unwrap();
        let read = R::read(&csv).unwrap();
        assert_eq!(&read, record);
        assert_eq!(read.to_csv().unwrap(), csv);
        let rows: Vec<Vec<String>> =
            csv::ReaderBuilder::new().has_headers(false).from_reader(&csv[..]).records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
        let text = |edit: &dyn Fn(usize, &[String]) -> Vec<String>| {
            let mut out = csv::Writer::from_writer(vec![]);
            rows.iter().enumerate().for_each(|(n, row)| out.write_record(edit(n, row)).unwrap());
            out.into_inner().unwrap()
        };
        let longer = text(&|n, row| [&[if n == 0 { "of-a-newer-program" } else { "0" }.to_owned()], row].concat());
        assert!(R::read(&longer).is_ok(), "a column that nobody knows");
        for bytes in [&b"a,b\n1,2\n"[..], b"", b"\xff\xfe", b"image,\"x\n"] {
            assert!(R::read(bytes).is_err(), "{bytes:?}");
        }
    }

    /// The table without a column.
    pub(crate) fn without<R: Record + std::fmt::Debug>(record: &R, column: &str) -> String {
        let csv = record.to_csv().unwrap();
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(&csv[..]);
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        let at = rows[0].iter().position(|h| h == column).unwrap();
        let mut out = csv::Writer::from_writer(vec![]);
        for row in &rows {
            out.write_record(row.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, cell)| cell)).unwrap();
        }
        R::read(&out.into_inner().unwrap()).unwrap_err().to_string()
    }
}
