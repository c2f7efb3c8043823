//! Where a value comes from: a parameter may be `$name`, whose value is below `vars`, in a matrix, in a
//! file that is extended, or on the command line.

use super::node::{Node, Origin, Yaml};
use crate::diagnostic::Span;
use serde_json::Value;
use std::ops::Range;

impl Node {
    /// Where a key of this map was removed, if it was.
    pub fn removed(&self, key: &str) -> Option<Span> {
        self.origins.iter().find_map(|o| if let Origin::Removed(k, at) = o { (k == key).then_some(*at) } else { None })
    }

    /// The location that changed `old` to `new` at a dotted path: the one to edit to undo it.
    pub fn decided_at(&self, path: &str, old: &Value, new: &Value) -> Span {
        let (mut node, mut rest, mut span) = (self, path, self.span);
        while let (Yaml::Map(entries), false) = (&node.value, rest.is_empty()) {
            // Labels are keys too, and may have dots in them: the longest key that fits is meant.
            let fits = |key: &str| rest.strip_prefix(key).is_some_and(|after| after.is_empty() || after.starts_with('.'));
            let Some((key, below)) = entries.iter().filter(|(k, _)| fits(&k.text)).max_by_key(|(k, _)| k.text.len()) else {
                let name = rest.split('.').next().unwrap_or(rest);
                return node.removed(rest).or_else(|| node.removed(name)).or_else(|| node.named_key(None)).unwrap_or(span);
            };
            rest = rest[key.text.len()..].trim_start_matches('.');
            let is_new = rest.is_empty() && old.is_null();
            span = node.named_key(Some(&key.text)).filter(|_| is_new).unwrap_or(key.span);
            node = below;
        }
        node.value_decided_at(old, new).unwrap_or(span)
    }

    fn named_key(&self, key: Option<&str>) -> Option<Span> {
        self.origins.iter().find_map(|o| if let Origin::Key(k, at) = o { key.is_none_or(|key| k == key).then_some(*at) } else { None })
    }

    /// The same for the value alone; none if nothing is more exact than the location of its key.
    fn value_decided_at(&self, old: &Value, new: &Value) -> Option<Span> {
        let inside = match (&self.value, old, new) {
            (Yaml::List(items), Value::Array(old), Value::Array(new)) => {
                let at = (0..new.len()).find(|i| old.get(*i) != new.get(*i));
                at.and_then(|i| Some((items.get(i)?, old.get(i).unwrap_or(&Value::Null), &new[i])))
                    .map(|(item, o, n)| item.value_decided_at(o, n).unwrap_or(item.span))
            }
            (Yaml::Map(_), Value::Object(old), Value::Object(new)) => {
                let name = new.keys().chain(old.keys()).find(|k| old.get(*k) != new.get(*k));
                name.map(|k| self.decided_at(k, old.get(k).unwrap_or(&Value::Null), new.get(k).unwrap_or(&Value::Null)))
            }
            _ => None,
        };
        let text = self.text();
        let fits = |range: &Range<usize>| match (text, old) {
            (Some(text), _) if *range == (0..text.len()) => true,
            // Part of a text: what stands around the name must have stood there before, or the text itself was changed.
            (Some(text), Value::String(old)) => {
                let (before, after) = (&text[..range.start], &text[range.end..]);
                old.len() >= before.len() + after.len() && old.starts_with(before) && old.ends_with(after)
            }
            (Some(_), _) => false,
            (None, _) => true,
        };
        inside.or_else(|| self.origins.iter().find_map(|o| if let Origin::Name(range, at) = o { fits(range).then_some(*at) } else { None }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::matrix::Axis;
    use super::super::parse::parse;
    use super::super::substitute::{Names, Unresolved, Vars, substitute};
    use super::*;
    use serde_json::json;

    const FILE: &str = "plain: 1\nvar: $steps\ntext: a-$word-b\nlist: [1, $steps]\n$label: 1\ndotted: { a.b: 2 }\nwhole: $rates\narm: $arm\n";

    /// The text that a location begins with, in the file or (with an `@`) elsewhere.
    fn place(path: &str, old: Value, new: Value) -> String {
        let vars = "steps: 40\nword: x\nlabel: covid\nrates: [1, 2, 3]\n";
        let mut faults = vec![];
        let (file, vars_tree) = (parse(FILE, 0, &mut faults).unwrap(), parse(vars, 1, &mut faults).unwrap());
        let Yaml::Map(entries) = &vars_tree.value else { panic!() };
        let arm = Axis { values: vec![("real".into(), json!("real"))], places: vec![Span { text: 2, start: 0, end: 1 }] };
        let known = Vars { known: entries.iter().map(|(k, n)| (k.text.clone(), (k.span, n.clone()))).collect(), ..Vars::default() };
        let names = Names { axes: [("arm", arm.coordinate("real").unwrap())].into(), vars: &known, open: false };
        let mut unresolved = Unresolved::default();
        let tree = substitute(&file, &names, &mut unresolved);
        assert!(faults.is_empty() && unresolved.diagnostics.is_empty(), "{faults:?} {unresolved:?}");
        let at = tree.decided_at(path, &old, &new);
        let word = |text: &str| text[at.start as usize..].split([':', '\n', ',', ']']).next().unwrap().to_owned();
        match at.text {
            0 => word(FILE),
            1 => format!("@{}", word(vars)),
            _ => "@matrix".into(),
        }
    }

    #[test]
    fn the_location_is_that_of_the_value() {
        let cases = [
            ("plain", json!(2), json!(1), "plain"),
            ("var", json!(20), json!(40), "@steps"),
            ("text", json!("a-y-b"), json!("a-x-b"), "@word"),
            ("text", json!("c-x-b"), json!("a-x-b"), "text"),
            ("list", json!([1, 20]), json!([1, 40]), "@steps"),
            ("list", json!([2, 40]), json!([1, 40]), "1"),
            ("list", json!([1, 40, 3]), json!([1, 40]), "list"),
            ("covid", Value::Null, json!(1), "@label"),
            ("covid", json!(2), json!(1), "$label"),
            ("normal", json!(1), Value::Null, "@label"),
            ("dotted.a.b", json!(1), json!(2), "a.b"),
            ("whole", json!([1, 2, 4]), json!([1, 2, 3]), "@3"),
            ("whole", json!([1, 2, 3, 4]), json!([1, 2, 3]), "@rates"),
            ("arm", json!("all"), json!("real"), "@matrix"),
        ];
        for (path, old, new, expected) in cases {
            assert_eq!(place(path, old.clone(), new.clone()), expected, "{path} {old} → {new}");
        }
    }
}
