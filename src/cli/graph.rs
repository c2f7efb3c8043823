//! `hilum graph`

use super::{DONE, StudyArgs, open, say};
use crate::report::graph as drawing;

/// How a graph is written.
#[derive(Clone, Copy, clap::ValueEnum)]
pub(super) enum Format {
    /// Graphviz
    Dot,
    /// Mermaid
    Mermaid,
    /// A picture
    Svg,
}

pub(super) fn graph(args: &StudyArgs, format: Format) -> anyhow::Result<u8> {
    let study = match open::study(args) {
        Ok(study) => study,
        Err(code) => return Ok(code),
    };
    let g = drawing::Graph::of(&study.pipeline);
    say(match format {
        Format::Dot => g.to_dot(),
        Format::Mermaid => g.to_mermaid(),
        Format::Svg => g.to_svg(&|_| ""),
    })?;
    Ok(DONE)
}
