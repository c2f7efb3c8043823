//! Archives in the format `ustar`: plain files alone, without times, owners or modes of this machine, so that the same files give the
//! same bytes. Nothing is compressed, and whoever searches an archive finds what is in its files.

use std::io::{Error, Result, Write};

const BLOCK: usize = 512;
/// Characters of a name in a header.
const NAME: usize = 100;

/// Writes a file.
///
/// # Errors
/// If it cannot be written, or its name is too long.
pub(super) fn file(out: &mut impl Write, name: &str, bytes: &[u8]) -> Result<()> {
    if name.len() > NAME {
        return Err(Error::other(format!("the name `{name}` has more than {NAME} bytes")));
    }
    let mut header = [0; BLOCK];
    let mut field = |at: usize, text: &str| header[at..at + text.len()].copy_from_slice(text.as_bytes());
    field(0, name);
    field(100, "0000644\0");
    field(108, "0000000\0");
    field(116, "0000000\0");
    field(124, &format!("{:011o}\0", bytes.len()));
    field(136, "00000000000\0");
    // The checksum counts itself as blanks.
    field(148, "        ");
    field(156, "0");
    field(257, "ustar\u{0}00");
    let sum: u32 = header.iter().map(|b| u32::from(*b)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    out.write_all(&header)?;
    out.write_all(bytes)?;
    out.write_all(&[0; BLOCK][..(BLOCK - bytes.len() % BLOCK) % BLOCK])
}

/// Writes the end of an archive.
///
/// # Errors
/// If it cannot be written.
pub(super) fn end(out: &mut impl Write) -> Result<()> {
    out.write_all(&[0; 2 * BLOCK])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_says_name_and_size_and_adds_up() {
        let mut out = vec![];
        file(&mut out, "00001.png", b"pixels").unwrap();
        end(&mut out).unwrap();
        assert_eq!(out.len(), 4 * BLOCK);
        assert_eq!((&out[..9], &out[124..135], &out[512..518]), (&b"00001.png"[..], &b"00000000006"[..], &b"pixels"[..]));
        let stated = u32::from_str_radix(std::str::from_utf8(&out[148..154]).unwrap(), 8).unwrap();
        let counted: u32 = out[..BLOCK].iter().enumerate().map(|(at, b)| if (148..156).contains(&at) { 32 } else { u32::from(*b) }).sum();
        assert_eq!(stated, counted);
        assert!(file(&mut out, &"x".repeat(101), b"").is_err());
    }
}
