//! Pretrained weights from outside: how a study names them, and the errors if they do not fit.

use crate::space::{Said, Space};
use hilum_stages::contract::seed::Seed;
use hilum_stages::models::ClassifierNetwork;
use hilum_stages::models::classifiers::{resnet18::Config, torchvision};
use hilum_stages::networks::Weights;

fn study(sha256: &str, seed: u64) -> String {
    format!(
        "study: own\nseed: {seed}\nstages:\n  images: {{ stage: phantoms, with: {{ size: 32, classes: {{ covid: {{ images: 8 }}, normal: {{ images: 8 }} }} }} }}\n  \
         pixels: {{ stage: prepare, in: {{ samples: images }}, with: {{ size: 32 }} }}\n  classifier:\n    stage: train-classifier\n    \
         in: {{ samples: images, images: pixels }}\n    with:\n      network: {{ resnet18: {{}} }}\n      \
         weights: {{ path: models/w.safetensors, sha256: {sha256} }}\n      steps: 1\n      batch: 4\n"
    )
}

fn run(space: &Space, bytes: &[u8], sha256: Option<&str>) -> Said {
    let own = hilum_cache::Sha256::of(bytes).hex();
    space.write("models/w.safetensors", bytes);
    space.write("study.yaml", study(sha256.unwrap_or(&own), 1));
    space.hilum(&["run", "study.yaml"])
}

#[test]
fn a_study_begins_with_weights_of_others_and_reruns_only_where_they_change() {
    let space = Space::new();
    let mut weights = Weights::on(&candle_core::Device::Cpu);
    let network = ClassifierNetwork::Resnet18(Config(torchvision::Config { channels: hilum_stages::contract::one_of::Channels::of(3) }));
    network.build(1000, &mut weights.scope(&mut Seed(1).stream("test", "w"))).unwrap();
    let bytes = weights.to_safetensors().unwrap();
    let said = run(&space, &bytes, None);
    assert_eq!(said.code, 0, "{}", said.err);
    let again = space.hilum(&["run", "study.yaml", "--json"]);
    assert!(again.out.contains("\"executed\":0"), "{}", again.out);
    // The same file elsewhere is the same study.
    space.write("elsewhere/w.safetensors", &bytes);
    let moved = space.hilum(&["run", "study.yaml", "--set", "stages.classifier.with.weights.path=elsewhere/w.safetensors", "--json"]);
    assert!(moved.out.contains("\"executed\":0"), "{} {}", moved.out, moved.err);
}

#[test]
fn weights_that_do_not_fit_are_refused_in_the_users_words() {
    let space = Space::new();
    space.write("study.yaml", study(&"0".repeat(64), 1));
    let said = space.hilum(&["run", "study.yaml"]);
    assert!(said.code == 2 && said.err.contains("`models/w.safetensors` does not exist"), "{}", said.err);
    assert!(said.err.contains("python3 -c") && said.err.contains("models/w.pth"), "{}", said.err);
    for (bytes, sha256, wanted) in [
        (&b"\x80\x02ctorch"[..], None, "`w.safetensors` is a PyTorch pickle, not safetensors"),
        (b"PK\x03\x04archive", None, "`w.safetensors` is a PyTorch pickle, not safetensors"),
        (b"neither", None, "`w.safetensors` is not a safetensors file"),
        (b"neither", Some("0".repeat(64)), "SHA-256 mismatch for `w.safetensors`: expected"),
        (b"neither", Some("12".into()), "must be 64 hexadecimal digits"),
    ] {
        let said = run(&space, bytes, sha256.as_deref());
        assert!(said.code != 0 && said.err.contains(wanted), "{wanted}: {} {}", said.code, said.err);
        assert!(!said.err.contains("bug in hilum"), "{}", said.err);
    }
}

/// A safetensors file with this header, and as many bytes of numbers as it says or some less.
fn file(header: &str, missing: usize) -> Vec<u8> {
    let end = header.rsplit("data_offsets\":[").next().and_then(|h| h.split([',', ']']).nth(1)).map_or(0, |n| n.parse().unwrap());
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &vec![0u8; end - missing]].concat()
}

#[test]
fn weights_that_do_not_fit_are_found_before_anything_runs() {
    let conv =
        |dtype: &str, shape: &str, bytes: usize| format!("{{\"conv1.weight\":{{\"dtype\":\"{dtype}\",\"shape\":{shape},\"data_offsets\":[0,{bytes}]}}}}");
    let whole = file(&conv("F32", "[64,3,7,7]", 37_632), 0);
    for (bytes, sha256, wanted) in [
        (&b"\x80\x02ctorch"[..], None, "E0405]: `w.safetensors` is a PyTorch pickle, not safetensors"),
        (b"neither", None, "`w.safetensors` is not a safetensors file: it has 7 bytes"),
        (b"neither at all", None, "`w.safetensors` is not a safetensors file: its header would have"),
        (&whole[..whole.len() - 4], None, "is it whole?"),
        (&whole, Some("0".repeat(64)), "SHA-256 mismatch for `w.safetensors`: expected"),
        (&whole, None, "`w.safetensors` has no tensor `bn1.weight` [64]"),
        (&file(&conv("F32", "[32,1,7,7]", 6272), 0), None, "tensor `conv1.weight` is [32, 1, 7, 7] in `w.safetensors`; the network needs [64, 1, 7, 7]"),
        (&file(&conv("F16", "[64,1,7,7]", 6272), 0), None, "tensor `conv1.weight` of `w.safetensors` is of F16; expected F32"),
    ] {
        let space = Space::new();
        let own = hilum_cache::Sha256::of(bytes).hex();
        space.write("models/w.safetensors", bytes);
        space.write("study.yaml", study(sha256.as_deref().unwrap_or(&own), 1));
        let said = space.hilum(&["check", "study.yaml"]);
        assert!(said.code == 2 && said.err.contains(wanted), "{wanted}: {} {}", said.code, said.err);
        // The place: the path, or the digest.
        assert!(said.err.contains("study.yaml:11:"), "{wanted}: {}", said.err);
    }
}

#[test]
fn a_pipe_in_place_of_weights_is_not_waited_for() {
    let space = Space::new();
    space.write("models/other", "");
    space.write("study.yaml", study(&"0".repeat(64), 1));
    assert!(std::process::Command::new("mkfifo").arg(space.path("models/w.safetensors")).status().unwrap().success());
    for verb in ["check", "plan", "run"] {
        let said = space.hilum(&[verb, "study.yaml"]);
        assert!(said.code == if verb == "check" { 0 } else { 2 }, "{verb}: {}", said.err);
        assert!(
            verb == "check" || said.err.contains("E0403") && said.err.contains("`models/w.safetensors` is a named pipe") && said.err.contains("study.yaml:11:"),
            "{}",
            said.err
        );
    }
}

#[test]
fn the_weights_of_an_extractor_come_with_the_command_that_makes_them() {
    let space = Space::new();
    let study = |extractor: &str, sha256: &str| {
        format!(
            "study: own\nseed: 1\nstages:\n  images: {{ stage: phantoms, with: {{ size: 32, classes: {{ covid: {{ images: 4 }} }} }} }}\n  \
             pixels: {{ stage: prepare, in: {{ samples: images }}, with: {{ size: 32 }} }}\n  \
             by-others: {{ stage: features, in: {{ samples: images, images: pixels }}, with: {{ extractor: {{ {extractor}: {{ path: models/w.safetensors, sha256: {sha256} }} }} }} }}\n"
        )
    };
    for (extractor, wanted) in [("inception", "torch.load(\"pt_inception-2015-12-05-6726825d.pth\""), ("torchxrayvision", "xrv.models.DenseNet(weights=")] {
        space.write("study.yaml", study(extractor, &"0".repeat(64)));
        let said = space.hilum(&["run", "study.yaml"]);
        assert!(said.code == 2 && said.err.contains("`models/w.safetensors` does not exist") && said.err.contains(wanted), "{}", said.err);
    }
    space.write("study.yaml", study("inception", "12"));
    let said = space.hilum(&["check", "study.yaml"]);
    assert!(said.code == 2 && said.err.contains("must be 64 hexadecimal digits"), "{}", said.err);
    // Without an extractor it is that of a classifier, which is missing.
    space.write("study.yaml", study("inception", "12").split(", with: { extractor").next().unwrap().to_owned() + " }\n");
    let said = space.hilum(&["check", "study.yaml"]);
    assert!(said.code == 2 && said.err.contains("needs the input `weights`"), "{}", said.err);
}
