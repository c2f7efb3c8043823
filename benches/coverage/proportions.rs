//! Intervals of a proportion over the images of patients, such as sensitivity.

use crate::Effort;
use crate::simulated::{Design, LEVEL, head, row, simulate, summary};
use hilum_stages::statistics::interval::proportion;
use hilum_stages::statistics::proportion::{Cluster, clopper_pearson, clustered, score_interval, wilson};
use hilum_stages::statistics::special::normal_quantile;

type Limits = Option<(f64, f64)>;
const METHODS: [&str; 4] = ["Wilson, images", "Clopper-Pearson, images", "clustered Wilson, z", "chosen: clustered Wilson, t"];

fn all(clusters: &[Cluster]) -> [Limits; 4] {
    let (hits, images) = clusters.iter().fold((0.0, 0.0), |(h, n), c| (h + c.hits, n + c.images));
    let found = clustered(clusters).expect("images");
    let effective_hits = (found.proportion * found.effective_size).min(found.effective_size);
    [
        wilson(hits, images, LEVEL),
        clopper_pearson(hits as u64, images as u64, LEVEL),
        score_interval(effective_hits, found.effective_size, normal_quantile(0.5 + LEVEL / 2.0)),
        proportion(clusters, LEVEL).ok().map(|i| (i.low, i.high)),
    ]
}

pub(crate) fn run(effort: Effort) {
    for most in [3.0, 1.0] {
        println!("\n{} a patient; {} simulations\n", if most > 1.0 { "One to three images" } else { "One image" }, effort.simulations);
        head(&[&["truth", "patients"], &METHODS[..]].concat());
        for truth in [0.7, 0.9, 0.97] {
            let threshold = normal_quantile(truth);
            for patients in [3, 6, 12, 15, 23, 30, 46, 60, 100, 200, 500] {
                let design = Design { patients, prevalence: 1.0, mixed: false };
                let found = simulate("proportions", effort.simulations, |s| {
                    let set = design.draw(s);
                    let mut clusters = vec![Cluster { hits: 0.0, images: 0.0 }; patients];
                    for (patient, noise) in set.patient.iter().zip(&set.noise) {
                        let cluster = &mut clusters[*patient];
                        if cluster.images < most {
                            cluster.images += 1.0;
                            cluster.hits += f64::from(*noise < threshold);
                        }
                    }
                    all(&clusters)
                });
                let mut cells = vec![format!("{truth}"), patients.to_string()];
                cells.extend((0..METHODS.len()).map(|m| summary(&found.iter().map(|f| f[m]).collect::<Vec<_>>(), truth)));
                row(&cells);
            }
        }
    }
}
