//! `hilum image`: from the digest of an image to the files that contain it, which only the study's owner may know.

use super::{DONE, say, wrong};
use crate::progress::remark;
use crate::workspace::{IMAGE_MAP, ImageMap, Workspace, is_own};
use anyhow::Context;
use clap::Args;
use hilum_cache::Digest;
use hilum_stages::words::counted;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Minimum digits of a prefix: fewer match too many images.
const MIN_DIGITS: usize = 6;
/// Images that are printed.
const MAX_SHOWN: usize = 20;

#[derive(Args)]
pub(super) struct ImageArgs {
    /// The image's digest, or its first digits, as in notes and tables
    digest: String,
    /// The study's file [default: the `.hilum-private` here or in a parent directory]
    #[arg(long)]
    study: Option<PathBuf>,
    /// Print one JSON document with all matches
    #[arg(long)]
    json: bool,
}

pub(super) fn image(args: &ImageArgs) -> anyhow::Result<u8> {
    let digits = args.digest.strip_prefix("b3:").unwrap_or(&args.digest).trim_end_matches('…').to_ascii_lowercase();
    if digits.len() < MIN_DIGITS || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        let digest = args.digest.escape_debug();
        return Err(wrong(format!("`{digest}` is not a digest: give at least {MIN_DIGITS} hexadecimal digits, such as b3:0f5c31")).into());
    }
    let private = private_dir(args.study.as_deref())?;
    let map = ImageMap::load(&private.join(IMAGE_MAP));
    let found: Vec<(&Digest, &PathBuf)> = map.0.iter().filter(|(d, _)| d.hex().starts_with(&digits)).collect();
    if found.is_empty() {
        return Err(wrong(format!("no image imported here has a digest that starts with `{digits}`"))
            .help(format!("generated images are in the store: try `hilum trace b3:{digits}`"))
            .into());
    }
    if args.json {
        let image = |(digest, path): &(&Digest, &PathBuf)| json!({ "digest": digest, "file": path.to_string_lossy(), "exists": path.exists() });
        say(json!({ "images": found.iter().map(image).collect::<Vec<Value>>() }))?;
        return Ok(DONE);
    }
    for (digest, path) in found.iter().take(MAX_SHOWN) {
        let gone = if path.exists() { "" } else { "  (no longer exists)" };
        say(format!("{digest}  {}{gone}", path.display()))?;
    }
    if found.len() > MAX_SHOWN {
        remark(format!("{} more; give more digits", counted(found.len() - MAX_SHOWN, "image", "images")));
    }
    Ok(DONE)
}

/// The private directory of a study, or the nearest one that the user owns.
fn private_dir(study: Option<&Path>) -> anyhow::Result<PathBuf> {
    const NAME: &str = ".hilum-private";
    if let Some(file) = study {
        let private = Workspace::of(file, None, None, BTreeMap::new()).private;
        return Some(private).filter(|p| p.is_dir()).ok_or_else(|| wrong(format!("there is no `{NAME}` beside `{}`", file.display())).into());
    }
    let here = std::env::current_dir().context("cannot determine the current directory")?;
    let found = here.ancestors().map(|d| d.join(NAME)).find(|d| d.is_dir());
    let found = found.ok_or_else(|| wrong(format!("no `{NAME}` found here or in a parent directory; name the study with --study")))?;
    if !is_own(&found) {
        return Err(wrong(format!("`{}` belongs to another user; to use it anyway, name the study with --study", found.display())).into());
    }
    Ok(found)
}
