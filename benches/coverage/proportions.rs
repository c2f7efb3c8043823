//! Intervals of a proportion over images of patients: sensitivity, among the positive ones.

use crate::Effort;
use crate::simulated::{Design, LEVEL, head, row, simulate, summary};
use hilum_stages::statistics::proportion::{self, Cluster, clustered, clustered_wilson, clopper_pearson, score_interval, wilson};
use hilum_stages::statistics::special::{normal_quantile, t_quantile};

type Limits = Option<(f64, f64)>;
const METHODS: [&str; 6] = ["Wilson", "Clopper-Pearson", "clustered Wilson, z", "clustered Wilson, t", "CP on n_eff", "kish-z"];

fn all(clusters: &[Cluster]) -> [Limits; 6] {
    let (hits, images) = clusters.iter().fold((0.0, 0.0), |(h, n), c| (h + c.hits, n + c.images));
    let z = normal_quantile(0.5 + LEVEL / 2.0);
    let c = clustered(clusters).unwrap();
    let kish = images * images / clusters.iter().map(|c| c.images * c.images).sum::<f64>();
    let _ = t_quantile(0.9, 2.0);
    let n_eff = c.effective_size;
    let k = c.proportion * n_eff;
    let cp = {
        use hilum_stages::statistics::special::inverse_beta;
        let low = if hits == 0.0 { 0.0 } else { inverse_beta(k, n_eff - k + 1.0, 0.025, 0.975).0 };
        let high = if hits == images { 1.0 } else { inverse_beta(k + 1.0, n_eff - k, 0.975, 0.025).0 };
        Some((low, high))
    };
    let _ = proportion::wilson;
    [
        wilson(hits, images, LEVEL),
        clopper_pearson(hits as u64, images as u64, LEVEL),
        score_interval(k.min(n_eff), n_eff, z),
        clustered_wilson(clusters, LEVEL),
        cp,
        score_interval((c.proportion * kish).min(kish), kish, z),
    ]
}

pub fn run(effort: Effort) {
    println!("\n{} simulations\n", effort.simulations);
    head(&[&["sensitivity", "patients"], &METHODS[..]].concat());
    for truth in [0.7, 0.8, 0.9, 0.95] {
        for patients in [3, 6, 12, 15, 23, 30, 46, 50, 100, 250, 500] {
            let design = Design { patients, prevalence: 1.0, mixed: false };
            let threshold = normal_quantile(truth);
            let found = simulate("proportions", effort.simulations, |s| {
                let set = design.draw(s);
                let mut clusters = vec![Cluster { hits: 0.0, images: 0.0 }; patients];
                for (patient, noise) in set.patient.iter().zip(&set.noise) {
                    clusters[*patient].images += 1.0;
                    clusters[*patient].hits += f64::from(*noise < threshold);
                }
                all(&clusters)
            });
            let mut cells = vec![format!("{truth}"), patients.to_string()];
            cells.extend((0..METHODS.len()).map(|m| summary(&found.iter().map(|f| f[m]).collect::<Vec<_>>(), truth)));
            row(&cells);
        }
    }
}
