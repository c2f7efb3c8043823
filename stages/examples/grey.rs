//! Writes the grey values that `prepare` decodes from an image, for comparing them with those of another program:
//!
//! ```sh
//! cargo run -p hilum-stages --example grey -- FILE [first|middle|N] > greys
//! ```
//!
//! A line with width, height and the steps of a DICOM file, then 16 bits for each pixel, the lower byte first.

use hilum_stages::data::dicom::{Applied, FrameChoice};
use hilum_stages::data::grey::decode_frame;
use std::io::{Error, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    match written() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            let _ = writeln!(std::io::stderr(), "{why}");
            ExitCode::FAILURE
        }
    }
}

fn written() -> Result<(), Error> {
    let mut given = std::env::args_os().skip(1);
    let file = given.next().ok_or_else(|| Error::other("a file is missing"))?;
    let frame = given.next().map(|word| choice(&word.to_string_lossy())).transpose().map_err(Error::other)?;
    let found = decode_frame(&std::fs::read(file)?, frame).map_err(Error::other)?;
    let steps = Applied::new(hilum_cache::Digest::of(b""), found.dicom.as_deref().unwrap_or_default()).steps;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{} {} {steps}", found.grey.width, found.grey.height)?;
    out.write_all(&found.grey.pixels.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>())
}

fn choice(word: &str) -> Result<FrameChoice, serde_json::Error> {
    serde_json::from_str(word).or_else(|_| serde_json::from_value(word.into()))
}
