//! The names, types and shapes of tensors in a safetensors file, from its header alone: whether a file fits is known before its
//! numbers are read.

use crate::contract::source::SourceFiles;
use crate::words::counted;
use safetensors::Dtype;
use safetensors::tensor::Metadata;
use std::collections::HashMap;

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

/// Looks at the beginning of the file of a parameter; none where it cannot be read.
pub(super) fn beginning(files: &dyn SourceFiles, parameter: &str) -> Option<Beginning> {
    let (first, size) = files.beginning(parameter, 8)?;
    if is_pickle(&first) {
        return Some(Beginning::Pickle);
    }
    let Ok(length) = first.try_into().map(u64::from_le_bytes) else { return Some(Beginning::Other(format!("it has {}", counted(size, "byte", "bytes")))) };
    if length > LONGEST.min(size.saturating_sub(8)) {
        return Some(Beginning::Other(format!("its header would have {length} bytes")));
    }
    let (header, size) = files.beginning(parameter, 8 + length)?;
    Some(match serde_json::from_slice::<Metadata>(header.get(8..)?) {
        Err(e) => Beginning::Other(format!("its header cannot be read: {e}")),
        Ok(known) => match 8 + length + known.data_len() as u64 {
            due if due != size => Beginning::Other(format!("its tensors take {due} bytes, but the file has {size}: is it whole?")),
            _ => Beginning::Header(known.tensors().into_iter().map(|(name, info)| (name, (info.dtype, info.shape.clone()))).collect()),
        },
    })
}
