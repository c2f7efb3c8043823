//! Images augmented per second, on one thread: 256² with a flip and a rotation, as trainings ask for them.
//!
//! Then how long a training waits for its images: steps of DCGAN at 64 px, and of a small classifier at 256 px, whose images are
//! augmented ahead on a thread of their own.
//!
//!   cargo bench --bench images
#![allow(clippy::print_stdout)] // a benchmark prints what it measured

use candle_core::Device;
use hilum_ops::{Optimiser, Sgd, Value, cross_entropy};
use hilum_stages::contract::bounds::Share;
use hilum_stages::contract::seed::Seed;
use hilum_stages::data::ahead::Ahead;
use hilum_stages::data::augment::{Augment, Degrees, Zoom};
use hilum_stages::data::batch::{Order, numbers};
use hilum_stages::models::ClassifierNetwork;
use hilum_stages::models::generators::dcgan::{Config, Dcgan};
use hilum_stages::networks::{Mode, Weights};
use hilum_stages::training::{AdamParameters, images_of, uniform_noise};
use std::time::Instant;

/// The share of steps that is spent waiting, after the first.
fn waiting(name: &str, side: usize, batch: usize, steps: usize, step: &mut dyn FnMut(&Value)) {
    let image: Vec<u8> = (0..side * side).map(|i| (i * 31 % 251) as u8).collect();
    let images: Vec<&[u8]> = vec![&image; 500];
    let augment = Augment { flip: true, rotation: Degrees::of(5.0), ..Augment::default() };
    std::thread::scope(|scope| {
        let (mut order, streams) = (Order::new(Seed(1).stream("bench", "order"), images.len()), Seed(1).stream("bench", "augment"));
        let (images, augment) = (&images, &augment);
        let ahead = Ahead::start(scope, move || numbers(images, &order.batch(batch), side, augment, &streams, (-1.0, 1.0)));
        let (mut waited, mut all) = (0.0, 0.0);
        for i in 0..=steps {
            let start = Instant::now();
            let values = ahead.next();
            let got = start.elapsed().as_secs_f64();
            step(&images_of(values, side, &Device::Cpu).unwrap());
            if i > 0 {
                waited += got;
                all += start.elapsed().as_secs_f64();
            }
        }
        println!("{name}: {steps} steps in {all:.2} s, {:.3} % of it waiting for images", waited / all * 100.0);
    });
}

fn main() {
    let adam = AdamParameters::of(2e-4, 0.5, 0.999, 1e-8);
    let mut stream = Seed(1).stream("bench", "networks");
    let mut dcgan = Dcgan::new(&Config::default(), &adam, &Device::Cpu, [&mut stream.clone(), &mut stream]).unwrap();
    let (z, mut dropout) = (uniform_noise(&stream, 0, 32, 100, &Device::Cpu).unwrap(), stream.clone());
    waiting("DCGAN, 32 images of 64 pixels a step", 64, 32, 12, &mut |real| drop(dcgan.step(real, &z, &mut dropout).unwrap()));
    let mut weights = Weights::on(&Device::Cpu);
    let network: ClassifierNetwork = serde_json::from_str(r#"{"smallcnn64": {"width": 8}}"#).unwrap();
    let network = network.build(2, &mut weights.scope(&mut stream)).unwrap();
    let mut sgd = Optimiser::new(Sgd { momentum: 0.9, nesterov: true, decay: 0.0 }, 0.01, weights.trained());
    let targets: Vec<u32> = (0..32).map(|i| i % 2).collect();
    waiting("a small classifier, 32 images of 256 pixels a step", 256, 32, 12, &mut |images| {
        let features = network.features(images, &mut Mode::Train(&mut dropout)).unwrap();
        let loss = cross_entropy(&network.head(&features, &mut Mode::Train(&mut dropout)).unwrap(), &targets).unwrap();
        sgd.step(&loss.backward().unwrap()).unwrap();
    });
    rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("one thread").install(rates);
}

fn rates() {
    const SIDE: usize = 256;
    const BATCH: usize = 64;
    let mut noise = Seed(1).stream("bench", "images");
    let images: Vec<Vec<u8>> = (0..500).map(|_| (0..SIDE * SIDE).map(|_| noise.below(256) as u8).collect()).collect();
    let images: Vec<&[u8]> = images.iter().map(Vec::as_slice).collect();
    let (flip, both) = (Augment { flip: true, ..Augment::default() }, Augment { flip: true, rotation: Degrees::of(5.0), ..Augment::default() });
    let all = Augment { shift: Share::of(0.05), zoom: Zoom::of(0.05), crop: Share::of(0.1172), rotation: Degrees::of(10.0), flip: true };
    for (name, augment) in [("as they are", Augment::default()), ("flip", flip), ("flip and rotation by 5 degrees", both), ("everything", all)] {
        let (mut order, streams) = (Order::new(Seed(1).stream("bench", "order"), images.len()), Seed(1).stream("bench", "augment"));
        let mut rates: Vec<f64> = (0..15)
            .map(|_| {
                let start = Instant::now();
                std::hint::black_box(numbers(&images, &order.batch(BATCH), SIDE, &augment, &streams, (-1.0, 1.0)));
                BATCH as f64 / start.elapsed().as_secs_f64()
            })
            .collect();
        rates.sort_by(f64::total_cmp);
        println!("{name}: {:.0} images/s on one thread (median; best {:.0})", rates[rates.len() / 2], rates[rates.len() - 1]);
    }
}
