//! Films augmented per second, on one thread: 256² with a flip and a rotation, as trainings ask for them.
//!
//!   cargo bench --bench films
#![allow(clippy::print_stdout)] // a benchmark prints what it measured

use hilum_stages::contract::seed::Seed;
use hilum_stages::data::augment::Augment;
use hilum_stages::data::batch::{Order, numbers};
use std::time::Instant;

fn main() {
    rayon::ThreadPoolBuilder::new().num_threads(1).build_global().expect("one pool");
    const SIDE: usize = 256;
    const BATCH: usize = 64;
    let mut noise = Seed(1).stream("bench", "films");
    let films: Vec<Vec<u8>> = (0..500).map(|_| (0..SIDE * SIDE).map(|_| noise.below(256) as u8).collect()).collect();
    let films: Vec<&[u8]> = films.iter().map(Vec::as_slice).collect();
    let (flip, both) = (Augment { flip: true, ..Augment::default() }, Augment { flip: true, rotation: 5.0, ..Augment::default() });
    let all = Augment { shift: 0.05, zoom: 0.05, crop: 0.1172, rotation: 10.0, flip: true };
    for (name, augment) in [("as they are", Augment::default()), ("flip", flip), ("flip and rotation by 5 degrees", both), ("everything", all)] {
        let (mut order, streams) = (Order::new(Seed(1).stream("bench", "order"), films.len()), Seed(1).stream("bench", "augment"));
        let mut rates: Vec<f64> = (0..15)
            .map(|_| {
                let start = Instant::now();
                std::hint::black_box(numbers(&films, &order.batch(BATCH), SIDE, &augment, &streams, (-1.0, 1.0)));
                BATCH as f64 / start.elapsed().as_secs_f64()
            })
            .collect();
        rates.sort_by(f64::total_cmp);
        println!("{name}: {:.0} films/s on one thread (median; best {:.0})", rates[rates.len() / 2], rates[rates.len() - 1]);
    }
}
