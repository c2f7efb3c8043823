//! The manual of kinds, metrics, figures and codes as Markdown, made from parameter structs and tables: what `hilum stages`
//! prints and what is in `docs/stages/`, `docs/metrics.md` and `docs/errors.md`.

use crate::diagnostic::codes;
use hilum_stages::contract::kind::StageKind;
use hilum_stages::contract::port::{Arity, Port};
use hilum_stages::evaluation::estimate::LEVEL;
use hilum_stages::evaluation::metric::{Direction, METRICS, Metric, Shown};
use hilum_stages::figures::FIGURES;
use hilum_stages::records::number;
use serde_json::Value;

fn schema_of(kind: &StageKind) -> Value {
    serde_json::to_value((kind.schema)()).expect("BUG: a schema is plain JSON")
}

/// The first sentence of a kind's description.
pub fn summary(kind: &StageKind) -> String {
    first_sentence(schema_of(kind)["description"].as_str().unwrap_or_default())
}

/// A text up to where a sentence or a paragraph ends, on one line.
fn first_sentence(text: &str) -> String {
    let paragraph = text.split("\n\n").next().unwrap_or_default().replace('\n', " ");
    // A full stop within a sentence, as of `et al.`, is followed by no capital.
    let ends = |at: usize| paragraph[at + 2..].starts_with(|c: char| c.is_uppercase() || c == '`');
    let end = paragraph.match_indices(". ").map(|(at, _)| at).find(|at| ends(*at));
    end.map_or(paragraph.as_str(), |at| &paragraph[..=at]).to_owned()
}

/// The manual of a kind, as Markdown: also `docs/stages/KIND.md`.
pub fn manual(kind: &StageKind) -> String {
    let schema = schema_of(kind);
    let mut out = format!("# {}\n\n{}\n", kind.name, schema["description"].as_str().unwrap_or_default());
    out += "\n## Inputs\n\n";
    out += &if kind.inputs.is_empty() { "None.\n".into() } else { kind.inputs.iter().map(|p| port(p, true)).collect::<String>() };
    out += "\n## Outputs\n\n";
    out += &kind.outputs.iter().map(|p| port(p, false)).collect::<String>();
    out += "\n## Parameters\n\n";
    let mut lines = vec![];
    parameters(&schema, &schema, "", 0, &mut lines);
    out += &if lines.is_empty() { "None.\n".to_owned() } else { lines.concat() };
    if !kind.presets.is_empty() {
        out += &format!(
            "\n## Presets\n\nParameters for data sets that many people have: `preset: NAME`, and what a study gives besides is laid over them.\n\
             `hilum stages {} --preset NAME` prints them, with what to know of the data.\n\n",
            kind.name
        );
        out += &kind.presets.iter().map(|p| format!("* `{}`: {}.\n", p.name, p.about)).collect::<String>();
    }
    let random = if kind.seeded { "Uses the seed." } else { "Deterministic (no seed)." };
    out += &format!("\nVersion {}. {random}\n", kind.version);
    out
}

fn port(p: &Port, input: bool) -> String {
    let many = match p.arity {
        _ if !input => "",
        Arity::One => "",
        Arity::Optional => ", optional",
        Arity::Many => ", one or a list",
        Arity::OptionalMany => ", optional, one or a list",
        Arity::Gathered => ", one or all cells of a matrix",
    };
    let by = if p.by.is_empty() { String::new() } else { format!(" Images are looked up by `{}`.", p.by.join("`, `")) };
    format!("* `{}` ({}{many}): {}{by}\n", p.name, p.artifact, p.doc.trim())
}

/// One line per parameter, nested ones with their path. `depth` is that of the list in which they stand.
fn parameters(root: &Value, schema: &Value, path: &str, depth: usize, out: &mut Vec<String>) {
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (name, raw) in schema["properties"].as_object().into_iter().flatten() {
        let own = resolve(root, raw);
        let full = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let text = text_of(if raw["description"].is_string() { raw } else { own });
        let default = match &raw["default"] {
            Value::Null if required.contains(&name.as_str()) => "required".to_owned(),
            Value::Null => "optional".to_owned(),
            Value::Object(_) => String::new(),
            v => format!("default `{}`", v.to_string().trim_matches('"')),
        };
        let facts: Vec<String> = [facts(root, own), default].into_iter().filter(|s| !s.is_empty()).collect();
        out.push(format!("{}* `{full}` ({}): {text}\n", "  ".repeat(depth), facts.join(", ")));
        parameters(root, own, &full, depth, out);
        for choice in own["oneOf"].as_array().into_iter().flatten() {
            let indent = "  ".repeat(depth + 1);
            for word in words_of(choice) {
                out.push(format!("{indent}* `{word}`: {}\n", text_of(choice)));
            }
            for (tag, below) in choice["properties"].as_object().into_iter().flatten() {
                out.push(format!("{indent}* `{full}: {{ {tag}: … }}`: {}\n", text_of(choice)));
                parameters(root, resolve(root, below), &format!("{full}.{tag}"), depth + 2, out);
            }
        }
    }
    for (name, below) in [("NAME", schema.get("additionalProperties").filter(|b| b.is_object())), ("N", schema.get("items"))] {
        let Some(below) = below.map(|b| resolve(root, b)) else { continue };
        let full = format!("{path}.{name}");
        // Texts and lists need no line of their own: the mapping or the list that holds them says what they are.
        if matches!(below["type"].as_str(), Some("integer" | "number")) {
            out.push(format!("{}* `{full}` ({})\n", "  ".repeat(depth), facts(root, below)));
        }
        parameters(root, below, &full, depth, out);
    }
}

/// The words of which a choice, or one of its rows, consists.
fn words_of(schema: &Value) -> impl Iterator<Item = &str> {
    schema["const"].as_str().into_iter().chain(schema["enum"].as_array().into_iter().flatten().filter_map(Value::as_str))
}

/// What kind of value it is, and which are allowed.
fn facts(root: &Value, schema: &Value) -> String {
    if let Some(several) = schema["anyOf"].as_array() {
        let of = |one: &Value| {
            let words: Vec<String> = one["oneOf"].as_array().into_iter().flatten().flat_map(words_of).map(|word| format!("`{word}`")).collect();
            if words.is_empty() { facts(root, one) } else { words.join(", ") }
        };
        return several.iter().map(|one| of(resolve(root, one))).collect::<Vec<_>>().join(", or ");
    }
    [kind_of(schema), range(schema)].into_iter().filter(|s| !s.is_empty()).collect::<Vec<_>>().join(", ")
}

/// A description on one line: an item of a list.
fn text_of(schema: &Value) -> String {
    schema["description"].as_str().unwrap_or_default().replace('\n', " ")
}

fn resolve<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let target = schema["$ref"].as_str().and_then(|r| r.strip_prefix('#')).and_then(|p| root.pointer(p));
    // An optional parameter is either its schema or null.
    let optional = schema["anyOf"].as_array().and_then(|a| a.iter().find(|s| s["type"] != "null"));
    match (target, optional) {
        // A type around another one refers to it.
        (Some(t), _) => {
            if t["$ref"].is_string() {
                resolve(root, t)
            } else {
                t
            }
        }
        (None, Some(o)) => resolve(root, o),
        _ => schema,
    }
}

fn kind_of(schema: &Value) -> String {
    let one = |t: &str| {
        match t {
            "string" => "text",
            "integer" => "integer",
            "number" => "number",
            "boolean" => "boolean",
            "array" => "list",
            "object" => "mapping",
            _ => "",
        }
        .to_owned()
    };
    match &schema["type"] {
        Value::String(t) => one(t),
        Value::Array(types) => types.iter().filter_map(Value::as_str).find(|t| *t != "null").map(one).unwrap_or_default(),
        _ if schema["oneOf"].is_array() => "a choice".into(),
        _ => String::new(),
    }
}

fn range(schema: &Value) -> String {
    let numbers: Vec<String> = schema["enum"].as_array().into_iter().flatten().filter(|n| n.is_number()).map(Value::to_string).collect();
    if let [few @ .., last] = numbers.as_slice()
        && !few.is_empty()
    {
        return format!("{} or {last}", few.join(", "));
    }
    let limit = |keyword: &str| schema[keyword].as_f64();
    if let (Some(least), Some(most)) = (limit("minimum"), limit("maximum")) {
        return format!("{least} to {most}");
    }
    // That a count is no less than 0 goes without saying.
    let low = limit("minimum").filter(|least| *least != 0.0 || schema["format"] == "double").map(|least| format!("at least {least}"));
    let all = [
        low.or(limit("exclusiveMinimum").map(|above| format!("greater than {above}"))),
        limit("maximum").map(|most| format!("at most {most}")).or(limit("exclusiveMaximum").map(|below| format!("less than {below}"))),
    ];
    all.into_iter().flatten().collect::<Vec<_>>().join(" and ")
}

/// All codes, as Markdown: `docs/errors.md`.
pub fn errors() -> String {
    let mut out = "# Errors\n\nGenerated from the source code; do not edit. `hilum explain CODE` prints the same text.\n".to_owned();
    for c in codes::CODES {
        out += &format!("\n## {}: {}\n\n{}\n", c.code, c.title, c.text);
    }
    out
}

/// All metrics and figures, as Markdown: `docs/metrics.md`.
pub fn metrics() -> String {
    let mut out = "# Metrics and figures\n\nGenerated from the source code; do not edit.\n".to_owned();
    out += &format!(
        "\n`evaluate` measures a classifier by each of these, and `compare` averages them over the repeats of an arm. How their {:.0} %\nintervals are computed is in [statistics](statistics.md).\n",
        LEVEL * 100.0
    );
    for (title, is_per_class) in [("Of all classes together", false), ("Of each class against the rest", true)] {
        out += &format!("\n## {title}\n\n");
        out += &METRICS.iter().filter(|m| m.is_per_class() == is_per_class).map(metric).collect::<String>();
    }
    out += "\n## Figures\n\n";
    out + &FIGURES.iter().map(|f| format!("* `{}` (drawn from {}): {}\n", f.name, f.reads(), f.doc)).collect::<String>()
}

/// The line of a metric.
fn metric(m: &Metric) -> String {
    let direction = match m.direction {
        Direction::HigherIsBetter => "higher is better",
        Direction::LowerIsBetter => "lower is better",
    };
    let shown = match m.shown {
        Shown::InTables => "in tables",
        Shown::InFigures => "in tables and figures",
        Shown::Everywhere => "in tables, figures and on the terminal",
    };
    let (least, greatest) = m.range;
    let range = if greatest.is_finite() { format!("{} to {}", number(least), number(greatest)) } else { format!("{} or more", number(least)) };
    format!("* `{}` ({range}, {direction}, {shown}): {} Undefined where {}. Reference: {}.\n", m.name, m.doc, m.undefined_when, m.reference)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(kind: &str) -> Vec<String> {
        let kind = hilum_stages::KINDS.iter().find(|k| k.name == kind).unwrap();
        manual(kind).lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_summary_is_one_whole_sentence() {
        for kind in hilum_stages::KINDS {
            let summary = summary(kind);
            assert!(summary.ends_with('.') && !summary.contains('\n') && summary.len() > 20, "{}: {summary}", kind.name);
        }
        assert_eq!(first_sentence("Draws a\nand b (e.g. c). Not d.\n\nMore."), "Draws a and b (e.g. c).");
        assert_eq!(first_sentence("One sentence\n\nAnother."), "One sentence");
    }

    #[test]
    fn parameters_of_a_choice_stand_below_it() {
        let lines = lines("train-classifier");
        let at = |start: &str| lines.iter().position(|l| l.starts_with(start)).unwrap_or_else(|| panic!("{start} in {lines:#?}"));
        let given = at("  * `loss.class_weights: { given: … }`");
        assert_eq!(lines[given + 1], "    * `loss.class_weights.given.NAME` (number, greater than 0)");
        assert!(at("  * `network: { resnet18: … }`") + 1 == at("    * `network.resnet18.channels` (integer, 1 or 3, default `1`): "));
    }

    #[test]
    fn a_number_or_a_word_is_both() {
        assert!(lines("synthesize").iter().any(|l| l.starts_with("* `count` (integer, 1 to 10000000, or `as-needed`, optional): ")));
    }
}
