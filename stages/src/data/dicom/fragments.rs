//! Encapsulated pixels: fragments, and which of them are a frame (PS3.5, A.4). How they are coded is not known here.

use super::elements::fragment;
use std::borrow::Cow;

/// The fragments behind the table of offsets, and that table.
fn all(bytes: &[u8]) -> Result<(&[u8], Vec<(usize, &[u8])>), &'static str> {
    let (offsets, first) = fragment(bytes, 0)?.ok_or("the DICOM file's fragments are damaged")?;
    let (mut found, mut at) = (vec![], first);
    while let Some((content, end)) = fragment(bytes, at)? {
        found.push((at - first, content));
        at = end;
    }
    Ok((offsets, found))
}

/// Checks that there are fragments up to their end mark, at least one for each frame.
///
/// # Errors
/// Says in a few words what is missing.
pub(super) fn check(bytes: &[u8], frames: u32) -> Result<(), String> {
    let (_, found) = all(bytes)?;
    if found.len() < frames as usize { Err("the DICOM file has fewer fragments than frames".into()) } else { Ok(()) }
}

/// The bytes of a frame.
///
/// # Errors
/// Where it cannot be told which fragments are its own.
pub(super) fn of_frame(bytes: &[u8], frame: u32, frames: u32) -> Result<Cow<'_, [u8]>, String> {
    let (offsets, found) = all(bytes)?;
    let (frame, frames) = (frame as usize, frames as usize);
    if found.len() == frames {
        return Ok(Cow::Borrowed(found[frame].1));
    }
    if frames == 1 {
        return Ok(Cow::Owned(found.into_iter().flat_map(|(_, content)| content).copied().collect()));
    }
    let starts: Vec<usize> = offsets.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word) as usize).collect();
    if starts.len() != frames || starts.iter().any(|start| !found.iter().any(|(at, _)| at == start)) {
        return Err("the DICOM file does not say which fragments belong to which frame".into());
    }
    let end = starts.get(frame + 1).copied().unwrap_or(usize::MAX);
    let own = found.into_iter().filter(|(at, _)| (starts[frame]..end).contains(at));
    Ok(Cow::Owned(own.flat_map(|(_, content)| content).copied().collect()))
}
