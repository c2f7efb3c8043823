//! Symmetric tridiagonal matrices. Independent of what they are of.

use super::hypot;

/// Makes a symmetric tridiagonal matrix diagonal, by QL with implicit shifts (Martin & Wilkinson 1968): `d` is its diagonal and
/// becomes the eigenvalues, in no order; `e` are the numbers beside it and one more, which does not matter.
///
/// `is_negligible` says of which number of `e` nothing is left, and `rotate` is told of each rotation of places `i` and `i + 1`:
/// its sine and its cosine.
///
/// # Panics
/// Where `e` is shorter than `d`.
pub fn ql(d: &mut [f64], e: &mut [f64], is_negligible: impl Fn(&[f64], &[f64], usize) -> bool, mut rotate: impl FnMut(usize, f64, f64)) {
    let n = d.len();
    for low in 0..n {
        // Half as many rounds always do; the bound is there for not-a-number.
        for _ in 0..60 {
            let high = (low..n - 1).find(|i| is_negligible(d, e, *i)).unwrap_or(n - 1);
            if high == low {
                break;
            }
            let slope = (d[low + 1] - d[low]) / (2.0 * e[low]);
            let mut g = d[high] - d[low] + e[low] / (slope + hypot(slope, 1.0).copysign(slope));
            let (mut sine, mut cosine, mut carried) = (1.0, 1.0, 0.0);
            let mut is_split = false;
            for i in (low..high).rev() {
                let (f, b) = (sine * e[i], cosine * e[i]);
                let r = hypot(f, g);
                e[i + 1] = r;
                if r == 0.0 {
                    d[i + 1] -= carried;
                    e[high] = 0.0;
                    is_split = true;
                    break;
                }
                (sine, cosine) = (f / r, g / r);
                g = d[i + 1] - carried;
                let turn = (d[i] - g) * sine + 2.0 * cosine * b;
                carried = sine * turn;
                d[i + 1] = g + carried;
                g = cosine * turn - b;
                rotate(i, sine, cosine);
            }
            if !is_split {
                d[low] -= carried;
                e[low] = g;
                e[high] = 0.0;
            }
        }
    }
}
