//! Against plain search over all distances, on sets that are made to mislead bounds.

use super::*;

/// Vectors in double precision, as a test would write them.
struct Plain {
    values: Vec<f64>,
    dimensions: usize,
}

impl Plain {
    fn row(&self, i: usize) -> &[f64] {
        &self.values[i * self.dimensions..(i + 1) * self.dimensions]
    }
}

impl Vectors for Plain {
    const LARGEST: f64 = f64::MAX;
    const SMALLEST: f64 = f64::from_bits(1);

    fn count(&self) -> usize {
        self.values.len() / self.dimensions
    }
    fn dimensions(&self) -> usize {
        self.dimensions
    }
    fn write(&self, i: usize, to: &mut [f64]) {
        to.copy_from_slice(self.row(i));
    }
    fn squared(&self, i: usize, other: &Self, j: usize) -> f64 {
        self.row(i).iter().zip(other.row(j)).map(|(a, b)| (a - b) * (a - b)).sum()
    }
    fn rounding(&self) -> f64 {
        (self.dimensions + 3) as f64 * f64::EPSILON / 2.0
    }
}

/// Numbers between −1 and 1 that look random.
fn noise(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }
}

fn set(count: usize, dimensions: usize, mut number: impl FnMut(usize, usize) -> f64) -> Plain {
    Plain { values: (0..count * dimensions).map(|at| number(at / dimensions, at % dimensions)).collect(), dimensions }
}

/// Two sets each, by what is hard about them.
fn hostile() -> Vec<(&'static str, Plain, Plain)> {
    let mut out = vec![];
    let mut add = |name, dimensions: usize, sizes: [usize; 2], number: &mut dyn FnMut(usize, usize) -> f64| {
        out.push((name, set(sizes[0], dimensions, &mut *number), set(sizes[1], dimensions, &mut *number)));
    };
    let mut free = noise(1);
    add("noise", 37, [300, 170], &mut |_, _| free());
    add("one dimension", 1, [200, 140], &mut |_, _| free());
    add("whole numbers with ties", 3, [400, 300], &mut |_, _| (free() * 2.0).round());
    add("duplicates", 40, [260, 260], &mut |i, k| f64::from((i % 7 * 13 + k * 5) as u8) / 3.0);
    add("all equal", 5, [150, 130], &mut |_, _| 0.1);
    add("a huge offset", 40, [200, 150], &mut |_, _| 1e9 + free());
    add("an offset beyond the precision of differences", 40, [150, 150], &mut |_, _| 1e15 + free().round());
    add("a huge scale", 20, [150, 150], &mut |_, _| 1e140 * free());
    add("a tiny scale", 20, [150, 150], &mut |_, _| 1e-130 * free());
    add("squares that underflow", 20, [80, 70], &mut |_, _| 1e-162 * free());
    add("squares that overflow", 20, [80, 70], &mut |_, _| 1e155 * free());
    add("one far away", 10, [150, 150], &mut |i, _| if i == 3 { 1e12 } else { free() });
    add("scales from far to near", 6, [300, 200], &mut |i, _| free() * 2f64.powi(-((i % 60) as i32)));
    add("tight clusters", 64, [300, 300], &mut |i, k| f64::from((i % 5 * 31 + k) as u8) + 1e-7 * free());
    add("nearly equal distances", 300, [200, 200], &mut |i, k| f64::from(u8::from(i == k)) + 1e-9 * free());
    add("longer than some chains", 700, [140, 130], &mut |_, _| free());
    out
}

/// By plain search.
fn plainly(a: &Plain, b: &Plain, is_one_set: bool, k: usize) -> Vec<Nearest> {
    (0..a.count())
        .map(|i| {
            let mut all: Vec<(f64, usize)> = (0..b.count()).filter(|j| !is_one_set || *j != i).map(|j| (a.squared(i, b, j), j)).collect();
            all.sort_by(|x, y| x.0.total_cmp(&y.0).then(x.1.cmp(&y.1)));
            all.truncate(k);
            let (squared, at) = all.into_iter().unzip();
            Nearest { at, squared }
        })
        .collect()
}

#[test]
fn what_is_found_is_what_plain_search_finds() {
    for (name, a, b) in &hostile() {
        for k in [1, 4, 60] {
            assert!(nearest(a, b, k, &|_| ()) == plainly(a, b, false, k), "{name}: {k} nearest of another set");
            assert!(nearest_others(a, k, &|_| ()) == plainly(a, a, true, k), "{name}: {k} nearest others");
        }
    }
}

#[test]
fn balls_hold_whom_plain_search_says() {
    for (name, a, b) in &hostile() {
        let radii = |set: &Plain, k: usize| -> Vec<f64> { plainly(set, set, true, k).iter().map(|near| near.squared[k - 1]).collect() };
        // Radii of neighbours within a set, and those that are distances of the pairs themselves, where strictness decides.
        let ([near_a, near_b], [on_a, on_b]) = ([a, b].map(|set| radii(set, 5)), [(a, b), (b, a)].map(|(x, y)| plainly(x, y, false, 40)));
        let [on_a, on_b] = [on_a, on_b].map(|near| near.iter().map(|near| near.squared[39]).collect::<Vec<f64>>());
        let found = balls(a, b, [[&near_a, &near_b], [&on_a, &on_b], [&vec![f64::INFINITY; a.count()], &vec![0.0; b.count()]]], &|_| ());
        for (found, [of_a, of_b]) in found[..2].iter().zip([[&near_a, &near_b], [&on_a, &on_b]]) {
            let count = |n: usize, hit: &dyn Fn(usize) -> bool| (0..n).filter(|at| hit(*at)).count() as u32;
            let within: Vec<u32> = (0..a.count()).map(|i| count(b.count(), &|j| a.squared(i, b, j) < of_a[i])).collect();
            let around_a: Vec<u32> = (0..a.count()).map(|i| count(b.count(), &|j| a.squared(i, b, j) < of_b[j])).collect();
            let around_b: Vec<u32> = (0..b.count()).map(|j| count(a.count(), &|i| a.squared(i, b, j) < of_a[i])).collect();
            assert_eq!(found, &Balls { around_a, around_b, within_a: within }, "{name}");
        }
        let all = |i: usize| (0..b.count()).filter(|j| a.squared(i, b, *j) < f64::INFINITY).count() as u32;
        assert!((0..a.count()).all(|i| found[2].within_a[i] == all(i)) && found[2].around_a.iter().all(|n| *n == 0), "{name}");
    }
}

/// Bounds hold the distance as it is computed, and lie near to it: else, bounds that are always too wide would pass.
#[test]
fn bounds_hold_every_distance_and_are_narrow() {
    for (name, a, b) in &hostile() {
        let Some(brackets) = brackets::Brackets::of(a, Some(b)) else {
            assert!(name.contains("overflow") || name.contains("underflow"), "{name}");
            continue;
        };
        let width = std::sync::Mutex::new(0.0_f64);
        brackets.for_tiles(&|_| (), |tile| {
            for (n, i) in tile.rows.clone().enumerate() {
                let mut seen = 0;
                tile.scan(n, f32::INFINITY, &vec![f32::NEG_INFINITY; tile.columns.len()], |at, lower, upper| {
                    let squared = a.squared(i, b, tile.columns.start + at);
                    assert!(lower <= brackets.above(squared) && brackets.below(squared) <= upper, "{name}: {lower} {squared} {upper}");
                    let mut wide = width.lock().unwrap();
                    *wide = wide.max(f64::from(upper - lower));
                    seen += 1;
                });
                assert_eq!(seen, tile.columns.len());
            }
        });
        // In units of squares of the largest number.
        let wide = width.into_inner().unwrap();
        assert!(wide > 0.0 && wide < 4e-5 * a.dimensions as f64 + 1e-30, "{name}: {wide}");
    }
}

#[test]
fn what_is_not_finite_is_left_to_plain_search() {
    let mut a = set(30, 3, |i, k| (i * k % 7) as f64);
    a.values[4] = f64::NAN;
    a.values[30] = f64::INFINITY;
    let same = |x: Vec<Nearest>, y: Vec<Nearest>| x.iter().zip(&y).all(|(x, y)| x.at == y.at);
    assert!(same(nearest_others(&a, 4, &|_| ()), plainly(&a, &a, true, 4)));
}

#[test]
fn asks_for_no_more_than_there_is() {
    let (one, none) = (set(1, 2, |_, _| 1.0), Plain { values: vec![], dimensions: 2 });
    let empty = Nearest { at: vec![], squared: vec![] };
    assert_eq!(nearest_others(&one, 3, &|_| ()), std::slice::from_ref(&empty));
    assert_eq!((nearest(&one, &none, 3, &|_| ()), nearest(&none, &one, 3, &|_| ())), (vec![empty], vec![]));
    assert_eq!(nearest(&one, &one, 3, &|_| ()), [Nearest { at: vec![0], squared: vec![0.0] }]);
    let [found] = balls(&one, &none, [[&[1.0], &[]]], &|_| ());
    assert_eq!(found, Balls { around_a: vec![0], around_b: vec![], within_a: vec![0] });
}

#[test]
fn those_who_watch_are_told_of_everything() {
    let (a, b) = (set(300, 3, |i, k| (i * k) as f64), set(100, 3, |i, k| (i + k) as f64));
    for is_one_set in [true, false] {
        let told = std::sync::Mutex::new(vec![]);
        let watch = |share: f64| told.lock().unwrap().push(share);
        if is_one_set {
            nearest_others(&a, 2, &watch)
        } else {
            nearest(&a, &b, 2, &watch)
        };
        let told = told.into_inner().unwrap();
        assert!(told.len() > 2 && told.iter().all(|share| (0.0..=1.0).contains(share)) && told.last() == Some(&1.0), "{told:?}");
    }
}
