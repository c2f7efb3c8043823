//! What every row must do, whichever extractors there are, and messages about their files.

use super::*;
use crate::contract::seed::Seed;
use hilum_cache::Sha256;
use std::path::Path;

fn named(name: &str, sha256: &str) -> Extractor {
    serde_json::from_value(serde_json::json!({ name: { "path": format!("models/{name}.safetensors"), "sha256": sha256 } })).unwrap()
}

#[test]
fn every_extractor_gives_as_many_features_as_it_says() {
    assert_eq!((Extractor::default().name(), Extractor::default().from_file().is_none()), ("classifier", true));
    for name in Extractor::NAMES {
        let extractor = named(name, &"0".repeat(64));
        let of = extractor.from_file().unwrap();
        assert_eq!((extractor.name(), extractor.parameter("a.b")), (*name, format!("a.b.{name}.path")));
        let mut weights = Weights::shapes_only();
        (of.spec.build)(&mut weights.scope(&mut Seed(0).stream("t", "w"))).unwrap();
        // The last layer, before its bias: a row for each output and a column for each feature, or the norm of the features themselves.
        let last = weights.named_trained().iter().rev().nth(1).unwrap().1.dims().to_vec();
        assert!(last.last() == Some(&of.spec.dimensions) && of.spec.classes.is_none_or(|n| n == last[0]), "{name}: {last:?}");
        assert!(*name != "rad-dino" || weights.count() == 86_579_712, "as many as the published file has without `mask_token`: {}", weights.count());
        let first = weights.shapes().into_iter().map(|(_, shape)| shape).find(|shape| shape.len() == 4).unwrap();
        assert_eq!(first[1], of.spec.input.channels.len(), "{name}: channels");
    }
}

#[test]
fn a_missing_file_comes_with_the_command_that_makes_it() {
    let help = |name: &str| named(name, "").source("extractor").unwrap().help.unwrap().at(Path::new(&format!("data/{name}.safetensors")));
    let begins = |name: &str, imports: &str| {
        let help = help(name);
        assert!(help.starts_with(&format!("convert PyTorch weights with: python3 -c 'import {imports}, safetensors.torch as s; ")), "{help}");
        assert!(help.ends_with(&format!("\"data/{name}.safetensors\")'")), "{help}");
        help
    };
    assert!(begins("inception", "torch").contains(r#"torch.load("pt_inception-2015-12-05-6726825d.pth", map_location="cpu", weights_only=True)"#));
    assert!(begins("torchxrayvision", "torchxrayvision as xrv").contains(r#"xrv.models.DenseNet(weights="densenet121-res224-all").state_dict()"#));
    assert!(begins("resnet50", "torchvision").contains(r#"torchvision.models.resnet50(weights="IMAGENET1K_V2").state_dict()"#));
    assert!(begins("densenet121", "torchvision").contains(r#"torchvision.models.densenet121(weights="IMAGENET1K_V1").state_dict()"#));
    let rad_dino = "download it with: curl -L -o data/rad-dino.safetensors https://huggingface.co/microsoft/rad-dino/resolve/main/model.safetensors";
    assert_eq!(help("rad-dino"), rad_dino);
    assert!(Extractor::Classifier.source("extractor").is_none() && Extractor::Classifier.check("extractor").is_empty());
}

#[test]
fn files_of_others_are_refused_by_what_they_lack() {
    let open = |name: &str, bytes: &[u8]| named(name, &Sha256::of(bytes).hex()).from_file().unwrap().open(bytes, &Device::Cpu).err().unwrap().to_string();
    let mut weights = Weights::on(&Device::Cpu);
    // ImageNet's classes in place of findings; its three channels would not be summed.
    let imagenet = named("densenet121", "");
    (imagenet.from_file().unwrap().spec.build)(&mut weights.scope(&mut Seed(0).stream("t", "w"))).unwrap();
    let bytes = weights.to_safetensors().unwrap();
    let refused = open("torchxrayvision", &bytes);
    assert!(refused.contains("features.conv0.weight") && refused.contains("[64, 3, 7, 7]") && refused.contains("[64, 1, 7, 7]"), "{refused}");
    assert!(open("inception", &bytes).contains("has no tensor `Conv2d_1a_3x3.conv.weight`"));
    assert!(open("inception", b"PK\x03\x04").contains("is a PyTorch pickle, not safetensors"));
    // Positions of images of 224 × 224, 16 × 16 and the class token, of a network that has no other tensors.
    let zeros = vec![0u8; 4 * 257 * 768];
    let view =
        |shape: &[usize]| safetensors::tensor::TensorView::new(safetensors::Dtype::F32, shape.to_vec(), &zeros[..4 * shape.iter().product::<usize>()]).unwrap();
    let file = [("embeddings.cls_token", view(&[1, 1, 768])), ("embeddings.position_embeddings", view(&[1, 257, 768]))];
    let bytes = safetensors::serialize(file, None).unwrap();
    let Err(Error::Data { message, help }) = named("rad-dino", &Sha256::of(&bytes).hex()).from_file().unwrap().open(&bytes, &Device::Cpu) else {
        panic!("opened")
    };
    assert!(message.contains("[1, 257, 768]") && message.ends_with("257 learned positions where 1370 are due"), "{message}");
    assert!(help.unwrap().contains("take weights for this size"));
    let other = named("resnet50", &"0".repeat(64)).from_file().unwrap().open(b"x", &Device::Cpu).err().unwrap().to_string();
    assert!(other.starts_with("SHA-256 mismatch for `resnet50.safetensors`"), "{other}");
}
