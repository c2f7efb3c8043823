//! How long the figures of 20,000 synthetic images take beside as many real ones, with 2,048 features each as Inception has them.
//!
//!   cargo bench --bench quality [-- IMAGES [FEATURES]]
#![allow(clippy::print_stdout)] // a benchmark prints what it measured

use hilum_stages::contract::seed::Seed;
use hilum_stages::quality::memorisation::{nearest_other_training, nearest_training};
use hilum_stages::quality::neighbourhoods::{OF_DENSITY, OF_PRECISION, neighbourhoods};
use hilum_stages::quality::{Compared, Features, UNWATCHED, frechet_distance, kernel_distance};
use rayon::prelude::*;
use std::time::Instant;

/// Directions in which the features vary, besides noise.
const DIRECTIONS: usize = 64;

/// Features that depend on each other and are never below zero, as those of a network.
fn made(images: usize, features: usize, name: &str, shift: f64) -> Features {
    let mut stream = Seed(1).stream("bench", "directions");
    let directions: Vec<Vec<f64>> = (0..DIRECTIONS).map(|_| (0..features).map(|_| stream.uniform(-0.1, 0.1)).collect()).collect();
    let of_image = |image: usize| -> Vec<f64> {
        let mut draws = Seed(1).stream("bench", name).item(image as u64);
        let mut row: Vec<f64> = (0..features).map(|_| draws.uniform(-0.1, 0.1)).collect();
        for direction in &directions {
            let along = shift + draws.uniform(-1.0, 1.0);
            row.iter_mut().zip(direction).for_each(|(v, d)| *v += along * d);
        }
        row.iter_mut().for_each(|v| *v = v.max(0.0));
        row
    };
    Features::of((0..images).into_par_iter().flat_map_iter(of_image).collect(), features).expect("finite")
}

fn timed<T: std::fmt::Debug>(what: &str, work: impl FnOnce() -> T) {
    let began = Instant::now();
    let found = work();
    println!("{what}: {:.1} s, {}", began.elapsed().as_secs_f64(), format!("{found:?}").chars().take(120).collect::<String>());
}

fn main() {
    let mut sizes = std::env::args().skip(1).filter_map(|a| a.parse().ok());
    let (images, features) = (sizes.next().unwrap_or(20_000), sizes.next().unwrap_or(2048));
    let (real, synthetic) = (made(images, features, "real", 0.0), made(images, features, "synthetic", 0.05));
    println!("{images} images against {images}, {features} features, {} threads", rayon::current_num_threads());
    timed("neighbourhoods", || neighbourhoods([&real, &synthetic], [OF_PRECISION, OF_DENSITY], Compared::WithSynthetic, UNWATCHED));
    timed("nearest training image", || nearest_training(&synthetic, &real, UNWATCHED).map(|near| near[0]));
    timed("nearest other training image", || nearest_other_training(&real, UNWATCHED)[0]);
    timed("fid", || frechet_distance(&real, &synthetic, UNWATCHED));
    timed("kid", || kernel_distance(&real, &synthetic, UNWATCHED));
}
