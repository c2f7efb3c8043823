//! Plain tables and JSON documents as artifacts.

use super::sample::write;
use crate::contract::prelude::*;

/// A CSV table.
#[derive(Debug, Clone, Default)]
pub struct Table {
    /// The file's name without its ending.
    pub name: &'static str,
    /// Column names.
    pub header: Vec<String>,
    /// Rows of as many cells.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows.
    pub fn new(name: &'static str, header: &[&str]) -> Table {
        Table { name, header: header.iter().map(|h| (*h).to_owned()).collect(), rows: vec![] }
    }
    /// Adds a row.
    pub fn push(&mut self, row: Vec<String>) {
        debug_assert_eq!(row.len(), self.header.len());
        self.rows.push(row);
    }
    /// The CSV text.
    pub fn to_csv(&self) -> Result<Vec<u8>> {
        let fault = |e: csv::Error| Error::data(format!("a table could not be written: {e}"));
        let mut writer = csv::Writer::from_writer(vec![]);
        writer.write_record(&self.header).map_err(fault)?;
        for row in &self.rows {
            writer.write_record(row).map_err(fault)?;
        }
        writer.into_inner().map_err(|e| Error::data(e.to_string()))
    }
    /// Takes header and rows from CSV text.
    pub fn read_csv(&mut self, bytes: &[u8]) -> Result<()> {
        let fault = |e: csv::Error| Error::data(format!("a table could not be read: {e}"));
        let mut reader = csv::Reader::from_reader(bytes);
        let cells = |record: &csv::StringRecord| record.iter().map(str::to_owned).collect();
        self.header = cells(reader.headers().map_err(fault)?);
        self.rows = reader.records().map(|r| r.map(|r| cells(&r))).collect::<Result<_, _>>().map_err(fault)?;
        Ok(())
    }
}

impl OutputType for Table {
    const TYPE: &'static str = "table";
    fn save(&self, folder: &Path) -> Result<()> {
        write(&folder.join(format!("{}.csv", self.name)), &self.to_csv()?)
    }
}

/// The CSV text of typed rows below a header, which stands there without rows, too.
pub(crate) fn csv_of<T: Serialize>(rows: &[T], header: &[&str]) -> Result<Vec<u8>> {
    let fault = |e: csv::Error| Error::data(e.to_string());
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(vec![]);
    writer.write_record(header).map_err(fault)?;
    rows.iter().try_for_each(|row| writer.serialize(row)).map_err(fault)?;
    writer.into_inner().map_err(|e| Error::data(e.to_string()))
}

/// A number as text for tables: up to six digits after the point, the same everywhere; nothing where it is not finite.
pub fn number(x: f64) -> String {
    if !x.is_finite() {
        return String::new();
    }
    let text = format!("{x:.6}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".into() } else { text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_in_a_table_is_finite_and_zero_has_no_sign() {
        for (x, text) in [(0.0, "0"), (-0.0, "0"), (-1e-9, "0"), (1.5, "1.5"), (-2.0, "-2"), (100.0, "100"), (0.1234567, "0.123457")] {
            assert_eq!(number(x), text);
        }
        assert!([f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY].iter().all(|x| number(*x).is_empty()));
        assert_eq!(number(f64::MAX).parse::<f64>().unwrap(), f64::MAX);
    }
}
