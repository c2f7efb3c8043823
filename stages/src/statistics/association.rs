//! How strongly two properties of images go together. Independent of what they are.

use std::collections::BTreeMap;

/// Cramér's V (1946) of a table of counts, by row and column, corrected for what chance gives in few images (Bergsma 2013): 0 where they
/// are independent, 1 where one follows from the other. None for a single row or column.
pub fn cramers_v(counts: &BTreeMap<&str, BTreeMap<&str, usize>>) -> Option<f64> {
    let mut columns: BTreeMap<&str, usize> = BTreeMap::new();
    counts.values().flatten().for_each(|(column, n)| *columns.entry(column).or_default() += n);
    let smaller = counts.len().min(columns.len());
    if smaller < 2 {
        return None;
    }
    let total = columns.values().sum::<usize>() as f64;
    let mut chi_square = 0.0;
    for row in counts.values() {
        let sum = row.values().sum::<usize>() as f64;
        for (column, n) in &columns {
            let expected = sum * *n as f64 / total;
            let off = *row.get(column).unwrap_or(&0) as f64 - expected;
            chi_square += off * off / expected;
        }
    }
    if total < 2.0 {
        return None;
    }
    let (r, c) = (counts.len() as f64, columns.len() as f64);
    let corrected = |k: f64| k - (k - 1.0) * (k - 1.0) / (total - 1.0);
    let phi = (chi_square / total - (r - 1.0) * (c - 1.0) / (total - 1.0)).max(0.0);
    let most = corrected(r).min(corrected(c)) - 1.0;
    Some(if most > 0.0 { (phi / most).sqrt().min(1.0) } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_0_for_independent_and_1_for_equal_properties() {
        let table = |cells: [[usize; 2]; 2]| {
            let row = |of: [usize; 2]| BTreeMap::from([("x", of[0]), ("y", of[1])]);
            cramers_v(&BTreeMap::from([("a", row(cells[0])), ("b", row(cells[1]))]))
        };
        assert_eq!(table([[10, 20], [20, 40]]), Some(0.0));
        assert_eq!(table([[10, 0], [0, 40]]), Some(1.0));
        // χ² = 100 (30 · 40 − 10 · 20)² / (40 · 60 · 50 · 50) = 100 / 6, of which chance gives 100 / 99.
        let expected = ((1.0f64 / 6.0 - 1.0 / 99.0) / (1.0 - 1.0 / 99.0)).sqrt();
        assert!((table([[30, 10], [20, 40]]).unwrap() - expected).abs() < 1e-12);
        assert_eq!(cramers_v(&BTreeMap::from([("a", BTreeMap::from([("x", 3)]))])), None);
    }
}
