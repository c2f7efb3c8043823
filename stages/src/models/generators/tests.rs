//! What every row of the table must satisfy, and how defaults are described.

use super::*;
use crate::contract::seed::Seed;
use crate::networks::Weights;

/// Networks that translate name their labels; the others take no parameter.
fn by_name(name: &str) -> GanNetwork {
    let bare = serde_json::json!({ name: {} });
    let labelled = serde_json::json!({ name: { "from": "a", "to": "b" } });
    serde_json::from_value(bare).or_else(|_| serde_json::from_value(labelled)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

#[test]
fn every_network_is_written_under_its_name_and_its_defaults_make_sense() {
    for (name, defaults) in GanNetwork::table() {
        let network = by_name(name);
        assert!(network.name() == name && serde_json::to_value(&network).unwrap().get(name).is_some(), "{name}");
        assert!(network.check("network").is_empty() && network.defaults() == defaults, "{name}");
        let config = network.config();
        assert!(defaults.batch >= config.min_batch() && config.batch_fault(defaults.batch).is_none(), "{name}");
        assert!(config.ema_initial_share(1_000_000, defaults.batch as usize) < 1e-3, "{name}");
        assert!([32, 64, 128, 256].iter().any(|side| network.side_needed(*side).is_none()), "{name} takes no image");
        let (why, _) = network.side_needed(7).unwrap();
        assert!(why.starts_with(&format!("{name} needs ")) && why.ends_with("but the packed images are 7×7"), "{why}");
    }
}

/// A generator that translates refuses to sample, and the other way round.
#[test]
fn a_generator_samples_or_translates() {
    let device = candle_core::Device::Cpu;
    for name in ["dcgan", "pix2pix"] {
        let network = by_name(name);
        let (mut weights, mut stream) = (Weights::on(&device), Seed(5).stream("test", "weights"));
        let generator = network.config().open(&mut weights.scope(&mut stream)).unwrap();
        let noise = Seed(1).stream("test", "noise");
        let image = crate::training::image_tensor(&[&[0; 256 * 256]], 256, &device).unwrap();
        assert_eq!(generator.sample(&noise, 0, 1, 1.0).is_ok(), network.config().translates().is_none());
        assert_eq!(generator.translate(&image, &[0], &noise, false).is_ok(), network.config().translates().is_some());
        assert!(generator.translate(&image, &[0], &noise, true).is_err(), "{name} does not translate back");
    }
}

#[test]
fn defaults_are_said_of_every_network() {
    let rows = [("a", "1"), ("b", "2"), ("c", "1"), ("d", "1"), ("e", "3"), ("f", "2")];
    assert_eq!(grouped(rows.iter().map(|(name, value)| (*name, (*value).to_owned()))), "1 for a, c and d; 2 for b and f; 3 for e");
    let batches = GanNetwork::defaults_in_words(|d| format!("<{}>", d.batch));
    for (name, defaults) in GanNetwork::table() {
        let group = batches.split("; ").find(|group| group.starts_with(&format!("<{}> for ", defaults.batch))).unwrap();
        assert!(group.split([' ', ',']).any(|word| word == name), "{name}: {batches}");
    }
}

/// Sizes are not cut to the bits that a comparison needs.
#[test]
fn numbers_that_no_network_can_have_are_refused_with_their_path() {
    let faults = |text: &str| {
        let decoded = crate::contract::decode::decode::<GanNetwork>(serde_json::from_str(text).unwrap(), &crate::contract::fit::NotWritten);
        decoded.unwrap_err().iter().map(|b| b.path.join(".")).collect::<Vec<_>>()
    };
    assert_eq!(faults(r#"{"stylegan2": {"size": 48, "channels": 2, "group": 4294967298}}"#), ["stylegan2.channels", "stylegan2.group", "stylegan2.size"]);
    assert_eq!(faults(r#"{"dcgan": {"size": 256}}"#), ["dcgan.size"]);
    for name in ["cyclegan", "cyclegan-zunair", "pix2pix"] {
        let text = format!(r#"{{"{name}": {{"from": "a", "to": "b", "channels": 4}}}}"#);
        assert_eq!(faults(&text), [format!("{name}.channels")]);
    }
}
