//! The kernel distance of two sets of features (Bińkowski et al. 2018).

use super::{Estimate, Features, Watch};
use crate::neighbours::part;
use hilum_ops::{Columns, product_tiles};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Blocks of images that the standard error leaves out, one after the other.
const BLOCKS: usize = 10;

/// The unbiased squared maximum mean discrepancy under the kernel `(x·y/d + 1)³`, from all images rather than subsets of
/// them. It may fall below zero for sets that are alike.
///
/// Its standard error is that of a jackknife which leaves out one of ten blocks of adjacent images of one set at a time
/// (Künsch 1989), the variances of both sets added: images of a patient belong beside each other, and classes mixed. It is
/// that of repeated draws where the sets differ, and half as large again where they do not, since the first term of the
/// statistic vanishes there. None for a set of fewer than four images.
///
/// # Errors
/// Where a set has fewer than two images, the numbers of features differ, or the kernel overflows.
pub fn kernel_distance(a: &Features, b: &Features, watch: Watch) -> Result<Estimate, String> {
    if a.dimensions() != b.dimensions() {
        return Err(format!("the sets have {} and {} features", a.dimensions(), b.dimensions()));
    }
    if a.count().min(b.count()) < 2 {
        return Err("the mean of a kernel over pairs needs at least two images".into());
    }
    // Half of the pairs are within a set.
    let [within_a, within_b] = [(a, 0.0), (b, 0.25)].map(|(set, from)| between(set, set, true, &part(watch, from, from + 0.25)));
    let sums = Sums { within_a, within_b, across: between(a, b, false, &part(watch, 0.5, 1.0)), sizes: [sizes(a), sizes(b)] };
    let value = sums.distance(None, None);
    if !value.is_finite() {
        return Err("the features are too large: their kernel overflows".into());
    }
    let error = (a.count().min(b.count()) >= 4).then(|| {
        let jackknife = |of: &dyn Fn(usize) -> f64, blocks: usize| {
            let values: Vec<f64> = (0..blocks).map(of).collect();
            let mean = values.iter().sum::<f64>() / blocks as f64;
            values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() * (blocks as f64 - 1.0) / blocks as f64
        };
        let [of_a, of_b] = &sums.sizes;
        (jackknife(&|block| sums.distance(Some(block), None), of_a.len()) + jackknife(&|block| sums.distance(None, Some(block)), of_b.len())).sqrt()
    });
    Ok(Estimate { value, error })
}

/// The block of an image.
fn block(i: usize, count: usize) -> usize {
    i * blocks(count) / count
}

fn blocks(count: usize) -> usize {
    BLOCKS.min(count)
}

fn sizes(a: &Features) -> Vec<usize> {
    let mut sizes = vec![0; blocks(a.count())];
    (0..a.count()).for_each(|i| sizes[block(i, a.count())] += 1);
    sizes
}

/// Sums of the kernel over the pairs of images of two blocks, `[block of a][block of b]`; within one set without an image and
/// itself.
fn between(a: &Features, b: &Features, is_same: bool, watch: Watch) -> Vec<Vec<f64>> {
    let (scale, blocks_a, blocks_b) = (a.dimensions() as f64, blocks(a.count()), blocks(b.count()));
    let blocks_of_b: Vec<usize> = (0..b.count()).map(|j| block(j, b.count())).collect();
    let columns = Columns::of(b.count(), b.dimensions(), |j, to: &mut [f64]| to.copy_from_slice(b.row(j)));
    let done = AtomicUsize::new(0);
    let total = a.count() * b.count() / if is_same { 2 } else { 1 };
    let tiles = product_tiles(
        a.count(),
        |i, to: &mut [f64]| to.copy_from_slice(a.row(i)),
        &columns,
        is_same,
        |rows, columns, products| {
            let mut sums = vec![vec![0.0; blocks_b]; blocks_a];
            for (i, line) in rows.clone().zip(products.chunks_exact(columns.len())) {
                let sums = &mut sums[block(i, a.count())];
                // Each pair within a set once; it is counted for both of its images below.
                let first = if is_same { (i + 1).clamp(columns.start, columns.end) } else { columns.start };
                for (j, product) in (first..columns.end).zip(&line[first - columns.start..]) {
                    let base = product / scale + 1.0;
                    sums[blocks_of_b[j]] += base * base * base;
                }
            }
            let pairs = rows.len() * columns.len();
            watch(((done.fetch_add(pairs, Ordering::Relaxed) + pairs) as f64 / total as f64).min(1.0));
            sums
        },
    );
    let mut all = vec![vec![0.0; blocks_b]; blocks_a];
    for sums in tiles {
        for (p, row) in sums.iter().enumerate() {
            for (q, sum) in row.iter().enumerate() {
                all[p][q] += sum;
                if is_same {
                    all[q][p] += sum;
                }
            }
        }
    }
    all
}

/// Sums of the kernel by block, of which every distance without a block is made.
struct Sums {
    within_a: Vec<Vec<f64>>,
    within_b: Vec<Vec<f64>>,
    across: Vec<Vec<f64>>,
    sizes: [Vec<usize>; 2],
}

impl Sums {
    /// The distance without the images of a block.
    fn distance(&self, without_a: Option<usize>, without_b: Option<usize>) -> f64 {
        let sum = |sums: &[Vec<f64>], rows: Option<usize>, columns: Option<usize>| -> f64 {
            let kept = |at: usize, without: Option<usize>| without != Some(at);
            let of_row = |row: &[f64]| row.iter().enumerate().filter(|(j, _)| kept(*j, columns)).map(|(_, v)| v).sum::<f64>();
            sums.iter().enumerate().filter(|(i, _)| kept(*i, rows)).map(|(_, row)| of_row(row)).sum()
        };
        let count = |sizes: &[usize], without: Option<usize>| (sizes.iter().sum::<usize>() - without.map_or(0, |b| sizes[b])) as f64;
        let (n, m) = (count(&self.sizes[0], without_a), count(&self.sizes[1], without_b));
        let within = sum(&self.within_a, without_a, without_a) / (n * (n - 1.0)) + sum(&self.within_b, without_b, without_b) / (m * (m - 1.0));
        within - 2.0 * sum(&self.across, without_a, without_b) / (n * m)
    }
}
