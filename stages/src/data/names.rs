//! Names of files of images: how they are spelled, and which are of masks. Independent of where the names come from.

use super::inspect;
use unicode_normalization::UnicodeNormalization;

/// True for a file in a directory of masks: drawings of lungs or findings with the names of the images that they belong
/// to.
pub(crate) fn is_mask(name: &str) -> bool {
    let directories = name.rsplit_once('/').map_or("", |(directories, _)| directories);
    // Every word that is looked for has one of these letters; most directory names have none.
    directories.bytes().any(|b| matches!(b, b'k' | b'K' | b'g' | b'G')) && directories.split('/').any(is_mask_directory)
}

/// True for the name of a directory of masks.
pub(crate) fn is_mask_directory(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let word = |end: &str| lower.strip_suffix(end).is_some_and(|before| before.is_empty() || before.ends_with([' ', '_', '-']));
    // A word of its own, also as in `leftMask`.
    word("mask")
        || word("masks")
        || name.ends_with("Mask")
        || name.ends_with("Masks")
        || matches!(&*lower, "segmentation" | "segmentations" | "groundtruth" | "ground_truth")
}

/// The image, without its extension, whose mask a file of this name would be: `a` for `a_mask.png`.
pub(crate) fn is_mask_of(name: &str) -> Option<&str> {
    let (stem, _) = name.rsplit_once('.')?;
    ["_mask", "-mask", "_Mask"].iter().find_map(|end| stem.strip_suffix(end))
}

/// The normalised spelling of a name: composed Unicode, lower case, `/` between its parts, none of them empty or `.`.
pub(crate) fn spelling(name: &str) -> String {
    let name: String = name.nfc().collect::<String>().to_lowercase().replace('\\', "/");
    let parts: Vec<&str> = name.split('/').map(str::trim).filter(|part| !part.is_empty() && *part != ".").collect();
    parts.join("/")
}

/// The last part of a name.
pub(crate) fn last_of(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// A name without its extension.
pub(crate) fn stem_of(name: &str) -> Option<&str> {
    inspect::ending(name).map(|ending| &name[..name.len() - ending.len() - 1])
}

/// True if one name ends with the other, part by part: a table may give more directories than there are, or fewer.
pub(crate) fn is_suffix(a: &str, b: &str) -> bool {
    let (long, short) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    long.strip_suffix(short).is_some_and(|before| before.is_empty() || before.ends_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_are_recognised_by_their_directories() {
        for mask in
            ["covid/masks/a.png", "lung masks/a.png", "Train/COVID-19/infection_masks/a.png", "Mask/a.png", "ManualMask/leftMask/a.png", "Segmentations/a.png"]
        {
            assert!(is_mask(mask), "{mask}");
        }
        for image in ["masks.png", "unmasked/a.png", "masked/a.png", "covid/images/a.png", "damask/a.png", "Lung Segmentation Data/a.png"] {
            assert!(!is_mask(image), "{image}");
        }
    }
}
