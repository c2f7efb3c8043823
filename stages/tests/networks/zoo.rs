//! Every network with the reference's weights: two images or more through both.

use super::reference::{at, below, close, device, fill, has, image, number, stream, tensor, thinned, turned};
use hilum_ops::{Gradients, Rectifier, Value};
use hilum_stages::contract::bounds::{Dropout, Size};
use hilum_stages::contract::error::Result;
use hilum_stages::models::classifiers::{smallcnn64 as smallcnn, vgg16 as vgg};
use hilum_stages::models::generators::cyclegan::{patchgan, resnet_generator};
use hilum_stages::models::generators::{cyclegan_zunair as keras_cyclegan, dcgan, pix2pix};
use hilum_stages::networks::{Classifier, Mode, Scope, Weights};
use hilum_stages::networks::{densenet, inception, resnet};

/// Values and gradients of the first and last layer in evaluation and training, and running statistics.
pub(crate) fn agrees<N>(key: &str, build: impl FnOnce(&mut Scope) -> Result<N>, forward: impl Fn(&N, bool) -> Result<Value>) -> (N, Weights) {
    let mut weights = Weights::on(&device());
    let network = build(&mut weights.scope(&mut stream())).unwrap();
    assert_eq!(weights.count(), number(&format!("{key}.count")), "{key}: trained numbers");
    fill(key, &weights);
    for mode in ["eval", "train"].into_iter().filter(|m| has(&format!("{key}.{m}"))) {
        let what = format!("{key}.{mode}");
        let y = turned(&forward(&network, mode == "train").unwrap());
        close(&thinned(&y), &at(&what), 1e-4, &what);
        let q = Value::constant(tensor(&format!("{key}.q"), y.dims(), 1.0, 0.0));
        let gradients = y.mul(&q).unwrap().sum().unwrap().backward().unwrap();
        assert_eq!(gradients_agree(&what, &weights, &gradients), 2, "{what}");
        for (name, value) in weights.named_trained() {
            assert!(gradients.get(value).is_some(), "{what}: {name} has no gradient");
        }
    }
    for name in below(&format!("{key}.after.")) {
        close(&thinned(&named(&weights, &name)), &at(&format!("{key}.after.{name}")), 1e-4, &format!("{key}, {name} afterwards"));
    }
    (network, weights)
}

pub(crate) fn named(weights: &Weights, name: &str) -> Value {
    weights.all().find(|(n, _)| n == name).map_or_else(|| panic!("the network has no {name}"), |(_, v)| v.clone())
}

/// Compares the gradients that are stored below a key, and counts them. One part in a thousand is allowed, or, where
/// float32 cannot give that, thrice what torch's own float32 is off, or what a change of the images by a millionth
/// does.
pub(crate) fn gradients_agree(key: &str, weights: &Weights, gradients: &Gradients) -> usize {
    let names = below(&format!("{key}.d."));
    let sensitivity = key.rsplit_once('.').map(|(network, _)| format!("{network}.sensitivity")).filter(|s| has(s)).map_or(0.0, |s| f64::from(at(&s)[0]));
    for name in &names {
        let noise = format!("{key}.noise.{name}");
        let noise = if has(&noise) { f64::from(at(&noise)[0]) } else { 0.0 };
        let limit = (3.0 * noise.max(sensitivity)).max(1e-3);
        close(&thinned(gradients.get(&named(weights, name)).unwrap()), &at(&format!("{key}.d.{name}")), limit, &format!("{key}, gradient of {name}"));
    }
    names.len()
}

/// The reference's image batch, in the network's order.
fn images(key: &str, shape: &[usize; 4]) -> Value {
    image(&format!("{key}.in{}.0", number(&format!("{key}.seed"))), shape)
}

/// The mode of a pass without dropout: its stream is not drawn from.
fn with_mode<T>(train: bool, f: impl FnOnce(&mut Mode) -> T) -> T {
    let mut s = stream();
    f(&mut if train { Mode::Train(&mut s) } else { Mode::Evaluate })
}
fn classify(c: &dyn Classifier, x: &Value, train: bool) -> Result<Value> {
    let features = with_mode(train, |m| c.features(x, m))?;
    with_mode(train, |m| c.head(&features, m))
}
fn small() -> dcgan::Config {
    dcgan::Config { size: dcgan::Side::of(32), latent: Size::of(16), width: Size::of(8), dropout: Dropout::of(0.0) }
}

#[test]
fn dcgan_is_torchs() {
    let z = images("dcgan.g", &[4, 16, 1, 1]);
    agrees("dcgan.g", |s| dcgan::Generator::new(&small(), s), |g, train| g.forward(&z, train));
    let x = images("dcgan.d", &[4, 1, 32, 32]);
    agrees("dcgan.d", |s| dcgan::Discriminator::new(&small(), s), |d, train| with_mode(train, |m| d.forward(&x, m)));
}

#[test]
fn smallcnn_is_torchs() {
    let x = images("smallcnn", &[4, 1, 16, 16]);
    agrees(
        "smallcnn",
        |s| smallcnn::SmallCnn::new(&smallcnn::Config { width: Size::of(4), dropout: Dropout::of(0.0) }, 3, s),
        |c, train| classify(c, &x, train),
    );
}

#[test]
fn classifiers_are_torchvisions() {
    let x = |key: &str| images(key, &[2, 3, 96, 96]);
    agrees("resnet18", |s| resnet::ResNet::new(resnet::Depth::Eighteen, 3, 2, s), |c, train| classify(c, &x("resnet18"), train));
    agrees("resnet50", |s| resnet::ResNet::new(resnet::Depth::Fifty, 3, 3, s), |c, train| classify(c, &x("resnet50"), train));
    agrees("vgg16", |s| vgg::Vgg16::new(3, 2, false, s), |c, train| classify(c, &x("vgg16"), train));
    agrees("densenet121", |s| densenet::DenseNet::new(densenet::Depth::D121, 3, 2, s), |c, train| classify(c, &x("densenet121"), train));
    agrees("densenet201", |s| densenet::DenseNet::new(densenet::Depth::D201, 3, 2, s), |c, train| classify(c, &x("densenet201"), train));
}

#[test]
fn inception_is_that_of_the_fid() {
    let x = images("fid_inception", &[2, 3, 139, 139]);
    agrees("fid_inception", inception::FidInception::new, |i, _| i.logits(&i.features(&x)?));
}

#[test]
fn cyclegan_is_zhus() {
    let x = images("zhu9", &[2, 3, 32, 32]);
    agrees("zhu9", |s| resnet_generator::ResNetGenerator::new(3, 64, 9, s), |g, _| g.forward(&x));
    let x = images("zhu6", &[2, 1, 32, 32]);
    agrees("zhu6", |s| resnet_generator::ResNetGenerator::new(1, 64, 6, s), |g, _| g.forward(&x));
    let x = images("patchgan", &[2, 3, 64, 64]);
    agrees("patchgan", |s| patchgan::PatchGan::new(3, 64, patchgan::Norm::Instance, s), |d, train| d.forward(&x, train));
    let x = images("patchgan_batch", &[2, 6, 64, 64]);
    agrees("patchgan_batch", |s| patchgan::PatchGan::new(6, 64, patchgan::Norm::Batch, s), |d, train| d.forward(&x, train));
}

#[test]
fn cyclegan_of_zunair_is_keras() {
    let x = images("keras.g", &[2, 3, 64, 64]);
    agrees("keras.g", |s| keras_cyclegan::Generator::new(3, s), |g, _| g.forward(&x));
    let x = images("keras.d", &[2, 3, 64, 64]);
    agrees("keras.d", |s| keras_cyclegan::Discriminator::new(3, s), |d, _| d.forward(&x));
}

#[test]
fn pix2pix_is_tensorflows() {
    // Dropout is off on both sides, and batch statistics are on.
    let x = images("pix2pix.5", &[2, 3, 64, 64]);
    agrees("pix2pix.5", |s| pix2pix::Generator::new(3, 5, 0.0, s), |g, train| with_mode(train, |m| g.forward(&x, m)));
    let x = images("pix2pix.8", &[2, 1, 512, 256]);
    agrees("pix2pix.8", |s| pix2pix::Generator::new(1, 8, 0.0, s), |g, train| with_mode(train, |m| g.forward(&x, m)));
    let (x, y) = (images("pix2pix.d", &[2, 3, 48, 48]), image("pix2pix.d.in0.1", &[2, 3, 48, 48]));
    agrees("pix2pix.d", |s| pix2pix::Discriminator::new(3, Rectifier::Leaky(0.3), s), |d, train| d.forward(&x, &y, train));
}

#[test]
fn training_differs_from_evaluation() {
    let mut weights = Weights::on(&device());
    let c = smallcnn::SmallCnn::new(&smallcnn::Config { width: Size::of(4), dropout: Dropout::of(0.5) }, 3, &mut weights.scope(&mut stream())).unwrap();
    let x = image("images", &[2, 1, 16, 16]);
    assert_ne!(thinned(&classify(&c, &x, true).unwrap()), thinned(&classify(&c, &x, false).unwrap()));
}
