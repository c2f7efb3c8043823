//! The names, types and shapes of tensors in a safetensors file, from its header alone: whether a file fits is known before its
//! numbers are read.

use safetensors::Dtype;
use safetensors::tensor::Metadata;
use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The longest header, as the library has it.
const LONGEST: u64 = 100_000_000;

/// Type and shape of each tensor by its name.
pub(super) type Tensors = HashMap<String, (Dtype, Vec<usize>)>;

/// How a file begins.
pub(super) enum Beginning {
    /// As files of PyTorch do.
    Pickle,
    /// As none of the formats that are known, for this reason.
    Other(String),
    /// With the header of a safetensors file that has all its bytes.
    Header(Tensors),
}

/// True for a file that PyTorch wrote.
pub(super) fn is_pickle(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.first() == Some(&0x80)
}

/// Looks at the beginning of a file; none where it cannot be read.
pub(super) fn beginning(path: &Path) -> Option<Beginning> {
    let mut file = File::open(path).ok()?;
    let size = file.metadata().ok().filter(|m| m.is_file())?.len();
    let mut first = vec![];
    file.by_ref().take(8).read_to_end(&mut first).ok()?;
    if is_pickle(&first) {
        return Some(Beginning::Pickle);
    }
    let Ok(length) = first.try_into().map(u64::from_le_bytes) else { return Some(Beginning::Other(format!("it has {size} bytes"))) };
    if length > LONGEST.min(size - 8) {
        return Some(Beginning::Other(format!("its header would have {length} bytes")));
    }
    let mut header = vec![];
    file.take(length).read_to_end(&mut header).ok()?;
    Some(match serde_json::from_slice::<Metadata>(&header) {
        Err(e) => Beginning::Other(format!("its header cannot be read: {e}")),
        Ok(known) if 8 + length + known.data_len() as u64 != size => {
            Beginning::Other(format!("its tensors take {} bytes, but the file has {size}: is it whole?", 8 + length + known.data_len() as u64))
        }
        Ok(known) => Beginning::Header(known.tensors().into_iter().map(|(name, info)| (name, (info.dtype, info.shape.clone()))).collect()),
    })
}
