//! A deep merge of two trees: maps merge, everything else replaces, null removes. Independent of where they come from.

use super::node::{Node, Origin, Yaml};

/// Lays one tree over another. Maps that merge stay where they were: what is laid over them decides only the keys it names.
pub(super) fn merge(mut base: Node, over: Node) -> Node {
    match (base.value, over.value) {
        (Yaml::Map(mut entries), Yaml::Map(changes)) => {
            base.origins.retain(|o| !matches!(o, Origin::Layer(_)));
            // What is laid over may consist of layers itself: the last of them is the last of all.
            if !over.origins.iter().any(|o| matches!(o, Origin::Layer(_))) {
                base.origins.push(Origin::Layer(changes.iter().filter(|c| !c.1.is_null()).map(|c| c.0.text.clone()).collect()));
            }
            for (key, value) in changes {
                let at = entries.iter().position(|(k, _)| k.text == key.text);
                match at {
                    Some(at) if value.is_null() => {
                        entries.remove(at);
                        base.origins.push(Origin::Removed(key.text, key.span));
                    }
                    Some(at) => {
                        let (old_key, old) = entries[at].clone();
                        let both_maps = matches!((&old.value, &value.value), (Yaml::Map(_), Yaml::Map(_)));
                        entries[at] = (if both_maps { old_key } else { key }, merge(old, value));
                    }
                    None => entries.push((key, value)),
                }
            }
            base.origins.extend(over.origins);
            Node { span: base.span, value: Yaml::Map(entries), origins: base.origins }
        }
        (_, value) => Node { span: over.span, value, origins: over.origins },
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;
    use serde_json::json;

    #[test]
    fn maps_merge_lists_replace_and_null_removes() {
        let parse = |t: &str| parse::parse(t, 0, &mut vec![]).unwrap();
        let merged = merge(parse("{a: {x: 1, y: 2}, l: [1, 2], gone: 1}"), parse("{a: {y: 3}, l: [9], gone: null, new: 4}"));
        assert_eq!(merged.to_json(), json!({"a": {"x": 1, "y": 3}, "l": [9], "new": 4}));
    }

    #[test]
    fn the_last_layer_is_known_in_whatever_order_layers_are_laid() {
        let parse = |t: &str| parse::parse(t, 0, &mut vec![]).unwrap();
        let last = |n: &Node| n.origins.iter().filter_map(|o| if let Origin::Layer(keys) = o { Some(keys.clone()) } else { None }).collect::<Vec<_>>();
        let of = || [parse("{a: 1}"), parse("{b: 1}"), parse("{c: 1}")];
        let [a, b, c] = of();
        let left = merge(merge(a, b), c);
        let [a, b, c] = of();
        let right = merge(a, merge(b, c));
        assert_eq!((last(&left), last(&right)), (vec![vec!["c".to_owned()]], vec![vec!["c".to_owned()]]));
    }
}
