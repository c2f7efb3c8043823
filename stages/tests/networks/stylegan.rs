//! StyleGAN2 and DiffAugment against the code of the DiffAugment paper: passes, R1, path length.

use super::reference::{at, close, fill, image, number, stream, tensor, thinned, turned};
use super::zoo::{agrees, gradients_agree, named};
use hilum_ops::{Shift, Value, channels_last, without_history};
use hilum_stages::models::generators::stylegan2::{Architecture as Config, Discriminator, Generator, Noise};
use hilum_stages::networks::Weights;
use hilum_stages::networks::diffaugment::{Centre, Draw, Policy};

const CASES: [(usize, usize, usize, f64); 2] = [(32, 1, 2, 1.0 / 16.0), (32, 3, 8, 1.0 / 32.0)];

fn config((size, channels, mapping_depth, width): (usize, usize, usize, f64)) -> (String, Config) {
    (format!("stylegan2.{size}.{channels}.{mapping_depth}"), Config { size, channels, mapping_depth, width, latent: 64, group: 2 })
}
fn noise(name: &str, shape: &[usize]) -> Value {
    Value::constant(tensor(name, shape, 1.0, 0.0))
}
fn compare(weights: &Weights, penalty: &Value, key: &str) {
    close(&thinned(penalty), &at(key), 1e-3, key);
    assert_eq!(gradients_agree(key, weights, &penalty.backward().unwrap()), 7);
}

#[test]
fn generator_and_its_path_length() {
    for case in CASES {
        let (key, c) = config(case);
        let own = format!("{key}.g");
        let z = noise(&format!("{own}.in{}.0", number(&format!("{own}.seed"))), &[4, 64]);
        let (g, weights) = agrees(&own, |s| Generator::new(&c, s), |g, _| g.synthesise(&g.map(&z, false)?, &mut Noise::Constant));
        let z = noise(&format!("{key}.z"), &[4, 64]);
        let truncated = without_history(|| g.synthesise(&g.truncate(&g.map(&z, false)?, 0.7)?, &mut Noise::Constant)).unwrap();
        close(&thinned(&turned(&truncated)), &at(&format!("{own}.truncated")), 1e-4, "truncated");
        g.map(&z, true).unwrap();
        close(&thinned(&named(&weights, "mapping.w_avg")), &at(&format!("{own}.w_avg")), 1e-4, "mean style");
        fill(&own, &weights);

        let styles = g.map(&noise(&format!("{key}.path"), &[2, 64]), false).unwrap();
        let images = g.synthesise(&styles, &mut Noise::Constant).unwrap();
        let direction = image(&format!("{key}.path.noise"), &[2, c.channels, c.size, c.size]).scale(1.0 / c.size as f64).unwrap();
        let slope = images.mul(&direction).unwrap().sum().unwrap().gradients(&[&styles]).unwrap().remove(0);
        let layers = g.styles();
        let squares = slope.square().unwrap().sum_to(&[2, layers, 1]).unwrap();
        let length = squares.reshape(&[2, layers]).unwrap().mean_to(&[2, 1]).unwrap().sqrt().unwrap();
        let mean = length.mean().unwrap().scale(0.01).unwrap();
        let penalty = length.sub(&mean).unwrap().square().unwrap().mean().unwrap().scale(2.0).unwrap();
        compare(&weights, &penalty, &format!("{key}.path"));
    }
}

#[test]
fn discriminator_and_r1() {
    for case in CASES {
        let (key, c) = config(case);
        let shape = [4, c.channels, c.size, c.size];
        let x = image(&format!("{key}.d.in{}.0", number(&format!("{key}.d.seed"))), &shape);
        let (d, weights) = agrees(&format!("{key}.d"), |s| Discriminator::new(&c, s), |d, _| d.forward(&x));
        let real = image(&format!("{key}.real"), &shape).to_leaf();
        let slope = d.forward(&real).unwrap().sum().unwrap().gradients(&[&real]).unwrap().remove(0);
        let r1 = slope.square().unwrap().sum().unwrap().scale(5.0 / 4.0).unwrap();
        compare(&weights, &r1, &format!("{key}.r1"));
    }
}

#[test]
fn diffaugment_changes_images_as_the_reference() {
    for channels in [1usize, 3] {
        let key = format!("diffaugment.{channels}");
        let (uniform, whole) = (at(&format!("{key}.uniform")), at(&format!("{key}.whole")));
        let draw = |i: usize| {
            let (u, w) = (&uniform[3 * i..], &whole[4 * i..]);
            Draw {
                brightness: f64::from(u[0]) - 0.5,
                saturation: f64::from(u[1]) * 2.0,
                contrast: f64::from(u[2]) + 0.5,
                // The reference says where a pixel comes from, we where it goes to.
                shift: Shift { down: -w[0] as isize, right: -w[1] as isize },
                cut: Centre { row: w[2] as isize, column: w[3] as isize },
            }
        };
        let draws: Vec<Draw> = (0..5).map(draw).collect();
        let x = Value::leaf(&tensor(&key, &[5, channels, 16, 16], 1.0, 0.0));
        let y = turned(&Policy::default().apply(&channels_last(&x).unwrap(), &draws).unwrap());
        close(&thinned(&y), &at(&format!("{key}.y")), 1e-5, &key);
        let q = noise(&format!("{key}.q"), y.dims());
        let gradients = y.mul(&q).unwrap().sum().unwrap().backward().unwrap();
        close(&thinned(gradients.get(&x).unwrap()), &at(&format!("{key}.dx")), 1e-5, "its gradient");
    }
}

#[test]
fn draws_stay_within_their_ranges() {
    let mut s = stream();
    let draws: Vec<Draw> = (0..4000).map(|_| Draw::new(16, &mut s)).collect();
    let range = |f: &dyn Fn(&Draw) -> f64| draws.iter().map(f).fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)));
    assert_eq!(range(&|d| d.shift.down as f64), (-2.0, 2.0));
    assert_eq!(range(&|d| d.cut.column as f64), (0.0, 16.0));
    let (low, high) = range(&|d| d.contrast);
    assert!((0.5..0.51).contains(&low) && (1.49..1.5).contains(&high));
}
