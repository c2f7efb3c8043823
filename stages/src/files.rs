//! How stages write files: at once, in pieces, or as CSV. Independent of their contents.

use crate::contract::prelude::*;
use std::io::Write;

/// Writes a file and creates its parent directories.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    write_parts(path, [bytes])
}

/// Writes a file piece by piece, so that only one piece needs to be in memory.
pub(crate) fn write_parts<'a>(path: &Path, parts: impl IntoIterator<Item = &'a [u8]>) -> Result<()> {
    let parent = path.parent().expect("BUG: a file has a parent directory");
    std::fs::create_dir_all(parent).map_err(Error::io("create", parent))?;
    let written = || {
        let mut file = std::io::BufWriter::new(std::fs::File::create(path)?);
        parts.into_iter().try_for_each(|part| file.write_all(part))?;
        file.flush()
    };
    written().map_err(Error::io("write", path))
}

/// The CSV bytes of typed rows below a header, which stands there without rows, too.
pub(crate) fn csv_of<T: Serialize>(rows: &[T], header: &[&str]) -> Result<Vec<u8>> {
    csv_below(header, |writer| rows.iter().try_for_each(|row| writer.serialize(row)))
}

/// The CSV bytes of a header and of the rows that are written below it.
pub(crate) fn csv_below<H: AsRef<[u8]>>(
    header: impl IntoIterator<Item = H>,
    write_rows: impl FnOnce(&mut csv::Writer<Vec<u8>>) -> csv::Result<()>,
) -> Result<Vec<u8>> {
    let fault = |e: csv::Error| Error::data(format!("a table could not be written: {e}"));
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(vec![]);
    writer.write_record(header).map_err(fault)?;
    write_rows(&mut writer).map_err(fault)?;
    writer.into_inner().map_err(|e| Error::data(e.to_string()))
}
