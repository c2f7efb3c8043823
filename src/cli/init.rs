//! `hilum init`: a runnable study in a new directory.

use super::{DONE, again, output, say_text, wrong};
use anyhow::Context;
use std::fs;
use std::path::Path;

pub(super) fn init(dir: &Path) -> anyhow::Result<u8> {
    if dir.exists() && !dir.is_dir() {
        return Err(wrong(format!("`{}` is a file", dir.display())).help("name a new directory").into());
    }
    if dir.exists() && fs::read_dir(dir).with_context(|| format!("cannot read `{}`", dir.display()))?.next().is_some() {
        return Err(wrong(format!("`{}` is not empty", dir.display())).help("name a new directory").into());
    }
    output::outside_stores(dir)?;
    fs::create_dir_all(dir).with_context(|| format!("cannot create `{}`", dir.display()))?;
    let schema = serde_json::to_string_pretty(&crate::pipeline::schema::schema(&crate::language::language()))?;
    let study = format!("# yaml-language-server: $schema=pipeline.schema.json\n{}", include_str!("../../pipelines/quickstart.yaml"));
    for (name, text) in [("study.yaml", study.as_str()), ("pipeline.schema.json", &schema), (".gitignore", ".hilum/\n.hilum-private/\nresults/\n")] {
        fs::write(dir.join(name), text).with_context(|| format!("cannot write `{}`", dir.join(name).display()))?;
    }
    let below = |name: &str| again::quoted(&dir.join(name).to_string_lossy());
    let (study, store) = (below("study.yaml"), below(".hilum"));
    say_text(format!("created {study}, a study on phantom images; run it with\n\n  hilum run {study}\n  hilum report --store {store} -o report.html"))?;
    Ok(DONE)
}
