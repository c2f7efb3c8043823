//! `hilum graph`

use super::{DONE, StudyArgs, open, say_text, say_with_diagnostics};
use crate::report::graph as drawing;
use clap::Args;

/// How a graph is written.
#[derive(Clone, Copy, clap::ValueEnum)]
pub(super) enum Format {
    /// Graphviz
    Dot,
    /// Mermaid
    Mermaid,
    /// An SVG image
    Svg,
}

#[derive(Args)]
pub(super) struct GraphArgs {
    #[command(flatten)]
    study: StudyArgs,
    /// Output format
    #[arg(long, default_value = "mermaid")]
    format: Format,
    /// Print one JSON document
    #[arg(long, conflicts_with = "format")]
    json: bool,
}

pub(super) fn graph(args: &GraphArgs) -> anyhow::Result<u8> {
    let study = match open::study(&args.study) {
        Ok(study) => study,
        Err(code) => return Ok(code),
    };
    let g = drawing::Graph::of(&study.pipeline);
    if args.json {
        let mut document = g.to_json();
        document["study"] = study.pipeline.study.as_str().into();
        say_with_diagnostics(document)?;
        return Ok(DONE);
    }
    say_text(match args.format {
        Format::Dot => g.to_dot(),
        Format::Mermaid => g.to_mermaid(),
        Format::Svg => g.to_svg(&|_| ""),
    })?;
    Ok(DONE)
}
