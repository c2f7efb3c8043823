//! `extends`, `scale` and `--set`: a deep merge of trees, each over the one before. Maps merge, everything else replaces, null removes.

use super::merge::merge;
use super::node::{Key, Node, Yaml};
use super::{parse, scale, set, source};
use crate::diagnostic::{Diagnostic, Span, Texts};
use std::path::{Path, PathBuf};

/// Merges what the file extends below it and the command line over it.
pub fn extend(root: Node, file: &Path, sets: &[String], texts: &mut Texts, diagnostics: &mut Vec<Diagnostic>) -> Option<Node> {
    let mut seen = vec![file.canonicalize().unwrap_or_else(|_| file.to_path_buf())];
    let root = below(root, file, &mut seen, texts, diagnostics)?;
    let sets = arguments(sets, texts, diagnostics)?;
    let named = sets.iter().rfind(|set| set.path == "scale").map(|set| &set.value);
    let mut root = scale::scaled(root, named, diagnostics)?;
    // An axis that another argument sets may have the name of a variable among its values.
    let values: Vec<Node> = sets.iter().map(|set| set.value.clone()).collect();
    for Set { path, value, span } in sets {
        let Ok(()) = set::check(&root, &values, path, &value, span).map_err(|fault| diagnostics.push(*fault)) else { continue };
        let over = path.rsplit('.').fold(value, |value, part| Node::new(span, Yaml::Map(vec![(Key { span, text: part.to_owned() }, value)])));
        root = merge(root, over);
    }
    Some(root)
}

/// An argument of `--set`.
struct Set<'a> {
    path: &'a str,
    value: Node,
    /// The path in the argument.
    span: Span,
}

/// Parses the arguments of `--set`.
fn arguments<'a>(sets: &'a [String], texts: &mut Texts, diagnostics: &mut Vec<Diagnostic>) -> Option<Vec<Set<'a>>> {
    let mut out = vec![];
    for set in sets {
        let number = texts.add_argument("--set", set);
        let Some((path, value)) = set.split_once('=').filter(|(p, _)| p.split('.').all(|part| !part.trim().is_empty())) else {
            let span = Span { text: number, start: 0, end: set.len() as u32 };
            diagnostics.push(
                Diagnostic::new("E0009", format!("`--set {set}` is malformed"))
                    .at(span, "expected path=value")
                    .help("write it as `--set stages.classifier.with.epochs=5`"),
            );
            return None;
        };
        let first = path.split('.').next().unwrap_or_default();
        if ["extends", "scales"].contains(&first) {
            let span = Span { text: number, start: 0, end: path.len() as u32 };
            diagnostics.push(
                Diagnostic::new("E0009", format!("`{first}` cannot be set on the command line"))
                    .at(span, "only a file has it")
                    .help("write a file that extends the study, or set the keys themselves"),
            );
            return None;
        }
        let mut faults = vec![];
        // The value is parsed where it stands, so that its locations are those of the argument.
        let padded = format!("{}{value}", " ".repeat(path.len() + 1));
        let value = parse::parse(&padded, number, &mut faults)
            .unwrap_or_else(|| Node::new(Span { text: number, start: path.len() as u32, end: set.len() as u32 }, Yaml::Scalar(String::new(), false)));
        diagnostics.extend(faults);
        let span = Span { text: number, start: 0, end: path.len() as u32 };
        out.push(Set { path, value, span });
    }
    Some(out)
}

fn below(root: Node, file: &Path, seen: &mut Vec<PathBuf>, texts: &mut Texts, diagnostics: &mut Vec<Diagnostic>) -> Option<Node> {
    let Some((_, base)) = root.entry("extends") else { return Some(root) };
    let fault = |message: String| Diagnostic::new("E0008", message).at(base.span, "named here");
    let Some(name) = base.text().filter(|_| !base.is_null()) else {
        diagnostics.push(fault(format!("`extends` must name a file, found {}", base.what())).help("write `extends: base.yaml`; that file may extend another"));
        return None;
    };
    let path = file.parent().unwrap_or(Path::new("")).join(name);
    let real = path.canonicalize().unwrap_or_else(|_| path.clone());
    if seen.contains(&real) {
        diagnostics.push(fault(format!("`{name}` is extended in a cycle")).help("remove `extends` from one of these files"));
        return None;
    }
    if !path.is_file() {
        diagnostics.push(fault(format!("there is no file `{name}` to extend")).help("the path is relative to the file that contains it"));
        return None;
    }
    seen.push(real);
    let over = root.clone();
    let base = source::read(&path, texts, diagnostics)?;
    if !matches!(base.value, Yaml::Map(_)) {
        diagnostics.push(fault(format!("`{name}` is not a study: expected a mapping, found {}", base.what())));
        return None;
    }
    let base = below(base, &path, seen, texts, diagnostics)?;
    // What is missing altogether is missing in the file that was named.
    let span = over.span;
    Some(Node { span, ..merge(base, over) })
}
