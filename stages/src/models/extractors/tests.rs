//! What every row must do, whichever extractors there are, and messages about their files.

use super::*;
use crate::contract::seed::Seed;
use hilum_cache::Sha256;

fn named(name: &str, sha256: &str) -> Extractor {
    serde_json::from_value(serde_json::json!({ name: { "path": format!("models/{name}.safetensors"), "sha256": sha256 } })).unwrap()
}

#[test]
fn every_extractor_gives_as_many_features_as_it_says() {
    assert_eq!((Extractor::default().name(), Extractor::default().config().is_none()), ("classifier", true));
    for name in Extractor::NAMES {
        let extractor = named(name, &"0".repeat(64));
        let config = extractor.config().unwrap();
        assert_eq!((extractor.name(), extractor.parameter("a.b")), (*name, format!("a.b.{name}.path")));
        let mut weights = Weights::shapes_only();
        config.build(&mut weights.scope(&mut Seed(0).stream("t", "w"))).unwrap();
        // The last layer has a row for each output and a column for each feature.
        let heads: Vec<Vec<usize>> = weights.shapes().into_iter().map(|(_, shape)| shape).filter(|shape| shape.len() == 2).collect();
        assert!(heads.len() == 1 && heads[0][1] == config.dimensions() && config.classes().is_none_or(|n| n == heads[0][0]), "{name}: {heads:?}");
        let first = weights.shapes().into_iter().map(|(_, shape)| shape).find(|shape| shape.len() == 4).unwrap();
        assert_eq!(first[1], config.input().channels.len(), "{name}: channels");
    }
}

#[test]
fn a_missing_file_comes_with_the_command_that_makes_it() {
    let help = |name: &str| named(name, "").source("extractor").unwrap().help.unwrap();
    let begins = |name: &str, imports: &str| {
        let help = help(name);
        assert!(help.starts_with(&format!("convert PyTorch weights with: python3 -c \"import {imports}, safetensors.torch as s; ")), "{help}");
        assert!(help.ends_with(&format!("'models/{name}.safetensors')\"")), "{help}");
        help
    };
    assert!(begins("inception", "torch").contains("torch.load('pt_inception-2015-12-05-6726825d.pth', map_location='cpu', weights_only=True)"));
    assert!(begins("torchxrayvision", "torchxrayvision as xrv").contains("xrv.models.DenseNet(weights='densenet121-res224-all').state_dict()"));
    assert!(begins("resnet50", "torchvision").contains("torchvision.models.resnet50(weights='IMAGENET1K_V2').state_dict()"));
    assert!(begins("densenet121", "torchvision").contains("torchvision.models.densenet121(weights='IMAGENET1K_V1').state_dict()"));
    assert!(Extractor::Classifier.source("extractor").is_none() && Extractor::Classifier.check("extractor").is_empty());
}

#[test]
fn files_of_others_are_refused_by_what_they_lack() {
    let open = |name: &str, bytes: &[u8]| super::open(named(name, &Sha256::of(bytes).hex()).config().unwrap(), bytes, &Device::Cpu).err().unwrap().to_string();
    let mut weights = Weights::on(&Device::Cpu);
    // ImageNet's classes in place of findings; its three channels would not be summed.
    let imagenet = named("densenet121", "");
    imagenet.config().unwrap().build(&mut weights.scope(&mut Seed(0).stream("t", "w"))).unwrap();
    let bytes = weights.to_safetensors().unwrap();
    let refused = open("torchxrayvision", &bytes);
    assert!(refused.contains("features.conv0.weight") && refused.contains("[64, 3, 7, 7]") && refused.contains("[64, 1, 7, 7]"), "{refused}");
    assert!(open("inception", &bytes).contains("has no tensor `Conv2d_1a_3x3.conv.weight`"));
    assert!(open("inception", b"PK\x03\x04").contains("is a PyTorch pickle, not safetensors"));
    let other = super::open(named("resnet50", &"0".repeat(64)).config().unwrap(), b"x", &Device::Cpu).err().unwrap().to_string();
    assert!(other.starts_with("SHA-256 mismatch for `resnet50.safetensors`"), "{other}");
}
