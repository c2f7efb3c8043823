//! Weights from files that do not fit.

use super::reference::{device, stream};
use candle_core::Tensor;
use hilum_ops::Value;
use hilum_stages::contract::bounds::{Dropout, Size};
use hilum_stages::models::classifiers::smallcnn64::{Config, SmallCnn};
use hilum_stages::networks::Weights;

fn of(width: usize) -> Weights {
    let mut weights = Weights::on(&device());
    SmallCnn::new(&Config { width: Size::of(width), dropout: Dropout::of(0.0) }, 3, &mut weights.scope(&mut stream())).unwrap();
    weights
}

#[test]
fn weights_that_do_not_fit_are_refused_by_name() {
    let (narrow, wide) = (of(4), of(8));
    let refused = wide.load_safetensors(&narrow.to_safetensors().unwrap(), &device()).unwrap_err().to_string();
    assert!(refused.contains("conv1.weight") && refused.contains("[4, 1, 3, 3]") && refused.contains("[8, 1, 3, 3]"), "{refused}");
    assert!(wide.load_safetensors(b"\x80\x04pickle", &device()).is_err());
}

fn ones(like: &Value) -> Value {
    Value::constant(Tensor::ones(like.dims(), candle_core::DType::F32, like.device()).unwrap())
}

#[test]
fn what_is_written_is_read_and_followed() {
    let (a, b) = (of(4), of(4));
    a.named_trained().iter().for_each(|(_, v)| hilum_ops::overwrite(v, &ones(v)).unwrap());
    b.load_safetensors(&a.to_safetensors().unwrap(), &device()).unwrap();
    assert_eq!(a.to_safetensors().unwrap(), b.to_safetensors().unwrap());
    let first = |w: &Weights| w.trained()[0].to_vec().unwrap()[0];
    let c = of(4);
    let before = first(&c);
    c.lerp(&a, 0.25).unwrap();
    assert!((first(&c) - (0.75 * before + 0.25)).abs() < 1e-6);
}

#[test]
fn frozen_layers_stay_and_their_norms_do_what_is_asked() {
    use super::reference::{image, thinned};
    use hilum_ops::{Optimiser, Sgd, cross_entropy};
    use hilum_stages::networks::{Classifier, Mode};
    let mut weights = Weights::on(&device());
    let network = SmallCnn::new(&Config { width: Size::of(4), dropout: Dropout::of(0.0) }, 3, &mut weights.scope(&mut stream())).unwrap();
    let all = |w: &Weights| w.all().map(|(n, v)| (n.clone(), thinned(v))).collect::<std::collections::BTreeMap<_, _>>();
    let groups = weights.groups(|name| if name.starts_with("fc.") { 1.0 } else { 0.0 });
    assert_eq!(groups.iter().map(|g| (g.rate, g.weights.len())).collect::<Vec<_>>(), [(0.0, 24), (1.0, 2)]);
    let mut optimiser = Optimiser::grouped(Sgd { momentum: 0.9, nesterov: true, decay: 0.0 }, 0.1, groups);
    let mut step = || {
        let mut s = stream();
        let features = network.features(&image("images", &[4, 1, 16, 16]), &mut Mode::Train(&mut s)).unwrap();
        let loss = cross_entropy(&network.head(&features, &mut Mode::Evaluate).unwrap(), &[0, 1, 2, 0]).unwrap();
        optimiser.step(&loss.backward_to(optimiser.weights()).unwrap()).unwrap();
    };
    // As PyTorch: weights stay, running statistics go on.
    let before = all(&weights);
    step();
    let torchs = all(&weights);
    let moved = |a: &std::collections::BTreeMap<String, Vec<f32>>, b: &std::collections::BTreeMap<String, Vec<f32>>| {
        a.iter().filter(|(n, v)| b[*n] != **v).map(|(n, _)| n.rsplit('.').next().unwrap().to_owned()).collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(moved(&before, &torchs).into_iter().collect::<Vec<_>>(), ["bias", "running_mean", "running_var", "weight"]);
    assert!(before.iter().all(|(n, v)| n.starts_with("fc.") || n.contains("running") || torchs[n] == *v));
    // As Keras: nothing but the last layer moves.
    weights.freeze(|_| true);
    step();
    let kerass = all(&weights);
    assert!(torchs.iter().all(|(n, v)| n.starts_with("fc.") || kerass[n] == *v) && torchs["fc.weight"] != kerass["fc.weight"]);
}

mod pretrained {
    use super::super::reference::{device, stream, thinned};
    use candle_core::Tensor;
    use hilum_cache::Sha256;
    use hilum_ops::Value;
    use hilum_stages::contract::conversion::Conversion;
    use hilum_stages::contract::error::Error;
    use hilum_stages::contract::source::SourcePath;
    use hilum_stages::models::ClassifierNetwork;
    use hilum_stages::models::classifiers::{resnet18::Config, torchvision};
    use hilum_stages::networks::{Mode, Pretrained, Weights};

    fn network(channels: usize, classes: usize) -> (Box<dyn hilum_stages::networks::Classifier>, Weights, ClassifierNetwork) {
        let kind = ClassifierNetwork::Resnet18(Config(torchvision::Config { channels: hilum_stages::contract::one_of::Channels::of(channels) }));
        let mut weights = Weights::on(&device());
        let network = kind.build(classes, &mut weights.scope(&mut stream())).unwrap();
        (network, weights, kind)
    }
    fn load(bytes: &[u8], into: &Weights, kind: &ClassifierNetwork) -> Result<(), Error> {
        let file = Pretrained { path: SourcePath("models/resnet18.safetensors".into()), sha256: Sha256::of(bytes).hex() };
        file.load(bytes, into, Some(kind.ends()), Conversion::OF_FILE, &device())
    }
    fn complaint(bytes: &[u8]) -> (String, String) {
        let (_, weights, kind) = network(1, 2);
        match load(bytes, &weights, &kind).unwrap_err() {
            Error::Data { message, help } => (message, help.unwrap_or_default()),
            other => panic!("{other}"),
        }
    }
    /// ResNet-18 for ImageNet with one tensor changed.
    fn file(change: impl Fn(&str, Tensor) -> Option<Tensor>) -> Vec<u8> {
        let (_, weights, _) = network(3, 1000);
        let tensors = weights
            .all()
            .filter_map(|(n, v)| Some((n.clone(), change(n, Tensor::from_vec(v.to_vec().unwrap(), v.dims(), &candle_core::Device::Cpu).unwrap())?)));
        let tensors: std::collections::HashMap<String, Tensor> = tensors.collect();
        let place = tempfile::NamedTempFile::new().unwrap();
        candle_core::safetensors::save(&tensors, place.path()).unwrap();
        std::fs::read(place.path()).unwrap()
    }

    #[test]
    fn a_grey_image_gives_the_same_features_in_one_channel_and_in_three() {
        let bytes = file(|_, t| Some(t));
        let x = Value::constant(super::super::reference::tensor("image", &[2, 64, 64, 1], 0.5, 0.5));
        let features = |channels| {
            let (network, weights, kind) = network(channels, 2);
            load(&bytes, &weights, &kind).unwrap();
            thinned(&network.features(&x, &mut Mode::Evaluate).unwrap())
        };
        super::super::reference::close(&features(1), &features(3), 1e-5, "features");
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let (message, _) = complaint(&file(|n, t| (n != "layer3.0.bn1.running_var").then_some(t)));
        assert!(message.contains("no tensor `layer3.0.bn1.running_var` [256]") && message.contains("resnet18.safetensors"), "{message}");
        let (message, _) = complaint(&file(|n, t| Some(if n == "layer1.0.conv1.weight" { t.narrow(0, 0, 32).unwrap().contiguous().unwrap() } else { t })));
        assert!(message.contains("layer1.0.conv1.weight") && message.contains("[32, 64, 3, 3]") && message.contains("[64, 64, 3, 3]"), "{message}");
        let (message, _) = complaint(&file(|n, t| Some(if n == "bn1.bias" { t.to_dtype(candle_core::DType::F16).unwrap() } else { t })));
        assert!(message.contains("`bn1.bias`") && message.contains("F16"), "{message}");
        let (message, help) = complaint(b"\x80\x02ctorch._utils");
        assert!(
            message.contains("a PyTorch pickle") && help.contains("weights_only=True") && help.contains("models/resnet18.converted.safetensors"),
            "{message} {help}"
        );
        let (message, _) = complaint(b"neither");
        assert!(message.contains("is not a safetensors file"), "{message}");
        let (_, weights, kind) = network(1, 2);
        let other = Pretrained { path: SourcePath("w.safetensors".into()), sha256: "0".repeat(64) };
        let message = other.load(b"abc", &weights, Some(kind.ends()), Conversion::OF_FILE, &device()).unwrap_err().to_string();
        let found = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert!(message.contains(found) && message.contains(&"0".repeat(64)), "{message}");
    }
}
