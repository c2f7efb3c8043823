//! Trained numbers of every network, as the papers and reference implementations state them.

use super::reference::stream;
use hilum_ops::Rectifier;
use hilum_stages::contract::error::Result;
use hilum_stages::models::classifiers::{smallcnn64 as smallcnn, vgg16 as vgg};
use hilum_stages::models::generators::cyclegan::{patchgan, resnet_generator};
use hilum_stages::models::generators::{cyclegan_zunair as keras_cyclegan, dcgan, pix2pix, stylegan2};
use hilum_stages::networks::{Scope, Weights};
use hilum_stages::networks::{densenet, inception, resnet};

fn count<N>(build: impl FnOnce(&mut Scope) -> Result<N>) -> usize {
    let mut weights = Weights::shapes_only();
    build(&mut weights.scope(&mut stream())).unwrap();
    weights.count()
}

#[test]
fn generative_networks() {
    let dcgan = |size| {
        let c = dcgan::Config { size, ..dcgan::Config::default() };
        (count(|s| dcgan::Generator::new(&c, s)), count(|s| dcgan::Discriminator::new(&c, s)))
    };
    assert_eq!(dcgan(dcgan::Side::of(64)), (3_574_656, 2_763_520));
    assert_eq!(dcgan(dcgan::Side::of(32)), (1_066_880, 661_248));
    let zhu = |channels, blocks| count(|s| resnet_generator::ResNetGenerator::new(channels, 64, blocks, s));
    assert_eq!([zhu(3, 9), zhu(1, 9), zhu(3, 6), zhu(1, 6)], [11_378_179, 11_365_633, 7_837_699, 7_825_153]);
    let patch = |channels, norm| count(|s| patchgan::PatchGan::new(channels, 64, norm, s));
    assert_eq!([patch(3, patchgan::Norm::Instance), patch(1, patchgan::Norm::Instance)], [2_764_737, 2_762_689]);
    assert_eq!([patch(6, patchgan::Norm::Batch), patch(2, patchgan::Norm::Batch)], [2_768_705, 2_764_609]);
    let keras = |channels| (count(|s| keras_cyclegan::Generator::new(channels, s)), count(|s| keras_cyclegan::Discriminator::new(channels, s)));
    assert_eq!([keras(3), keras(1)], [(1_545_425, 2_764_743), (1_542_351, 2_762_695)]);
    let pix2pix = |channels, levels| count(|s| pix2pix::Generator::new(channels, levels, 0.5, s));
    assert_eq!([pix2pix(3, 8), pix2pix(3, 5), pix2pix(1, 8), pix2pix(1, 5)], [54_414_979, 16_660_099, 54_408_833, 16_653_953]);
    assert_eq!(count(|s| pix2pix::Discriminator::new(3, Rectifier::Relu, s)), 2_768_641);
    let style = |size, channels, mapping_depth, width| {
        let c = stylegan2::Architecture { size, channels, mapping_depth, width, ..stylegan2::Architecture::default() };
        (count(|s| stylegan2::Generator::new(&c, s)), count(|s| stylegan2::Discriminator::new(&c, s)))
    };
    assert_eq!(style(256, 3, 2, 1.0), (28_458_402, 28_864_129));
    assert_eq!(style(256, 1, 2, 1.0), (28_452_500, 28_863_873));
    assert_eq!(style(256, 3, 8, 1.0).0, 30_034_338);
    assert_eq!(style(256, 3, 8, 0.5), (24_767_458, 24_001_089));
    assert_eq!(style(64, 1, 2, 1.0), (25_451_534, 26_487_809));
    assert_eq!(style(128, 1, 2, 1.0), (27_747_089, 28_388_609));
}

#[test]
fn classifiers() {
    let vgg = |classes, original| count(|s| vgg::Vgg16::new(3, classes, original, s));
    assert_eq!([vgg(1000, true), vgg(2, false)], [138_357_544, 14_715_714]);
    let resnet = |depth, classes| count(|s| resnet::ResNet::new(depth, 3, classes, s));
    let fifty = resnet::Depth::Fifty;
    assert_eq!([resnet(fifty, 1000), resnet(fifty, 2), resnet(fifty, 3)], [25_557_032, 23_512_130, 23_514_179]);
    assert_eq!(resnet(resnet::Depth::Eighteen, 1000), 11_689_512);
    let dense = |depth, classes| count(|s| densenet::DenseNet::new(depth, 3, classes, s));
    assert_eq!([dense(densenet::Depth::D121, 1000), dense(densenet::Depth::D121, 2)], [7_978_856, 6_955_906]);
    assert_eq!([dense(densenet::Depth::D201, 1000), dense(densenet::Depth::D201, 2)], [20_013_928, 18_096_770]);
    assert_eq!(count(inception::FidInception::new), 23_850_960);
    let small = |classes| count(|s| smallcnn::SmallCnn::new(&smallcnn::Config::default(), classes, s));
    assert_eq!([small(4), small(3)], [287_844, 287_715]);
}
