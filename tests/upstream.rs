//! Gradients that candle computes wrong, beside ours. Where one of these fails, candle is repaired: see `docs/upstream`.

use candle_core::{Device, Tensor, Var};
use hilum_ops::{PoolWindow, Value};

/// `0, 1, …` as `[1, 1, side, side]`: of one channel, the same bytes in candle's layout and in ours.
fn ramp(side: usize) -> Var {
    let values: Vec<f32> = (0..side * side).map(|v| v as f32).collect();
    Var::from_vec(values, (1, 1, side, side), &Device::Cpu).unwrap()
}

fn candles(x: &Var, y: &Tensor) -> Vec<f32> {
    y.backward().unwrap().get(x).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

fn ours(x: &Var, operation: impl Fn(&Value) -> candle_core::Result<Value>) -> Vec<f32> {
    let x = Value::leaf(&x.permute((0, 2, 3, 1)).unwrap().contiguous().unwrap());
    operation(&x).unwrap().backward().unwrap().get(&x).unwrap().to_vec().unwrap()
}

#[test]
fn candle_divides_the_gradient_of_max_pooling_by_the_size_of_the_window() {
    let x = ramp(4);
    let at_maxima = |gradient: f32| (0..16).map(|i| if [5, 7, 13, 15].contains(&i) { gradient } else { 0.0 }).collect::<Vec<f32>>();
    assert_eq!(candles(&x, &x.max_pool2d(2).unwrap().sum_all().unwrap()), at_maxima(0.25));
    let window = PoolWindow { k: 2, stride: 2, padding: 0 };
    assert_eq!(ours(&x, |x| hilum_ops::max_pool2d(x, window)?.sum()), at_maxima(1.0));
}

/// Windows of 2 × 2 cover the first four rows and columns of 5 × 5.
#[test]
fn candle_stretches_pooled_maps_over_rows_and_columns_that_no_window_covers() {
    let window = PoolWindow { k: 2, stride: 2, padding: 0 };
    let values: Vec<f32> = (0..25).rev().map(|v| v as f32).collect();
    let x = Var::from_vec(values, (1, 1, 5, 5), &Device::Cpu).unwrap();
    let at = |maxima: &[usize], gradient: f32| (0..25).map(|i| if maxima.contains(&i) { gradient } else { 0.0 }).collect::<Vec<f32>>();
    assert_eq!(candles(&x, &x.max_pool2d(2).unwrap().sum_all().unwrap()), at(&[0], 0.25));
    assert_eq!(ours(&x, |x| hilum_ops::max_pool2d(x, window)?.sum()), at(&[0, 2, 10, 12], 1.0));

    let covered: Vec<usize> = (0..25).filter(|i| i / 5 < 4 && i % 5 < 4).collect();
    assert_eq!(candles(&x, &x.avg_pool2d(2).unwrap().sum_all().unwrap()), [0.25; 25]);
    assert_eq!(ours(&x, |x| hilum_ops::avg_pool2d(x, window, false)?.sum()), at(&covered, 0.25));
}

#[test]
fn candle_overwrites_the_gradient_of_other_uses_of_what_is_up_sampled() {
    let x = ramp(2);
    let (up, sum) = (|| x.upsample_nearest2d(4, 4).unwrap().sum_all().unwrap(), || x.sum_all().unwrap());
    let orders = [(up() + sum()).unwrap(), (sum() + up()).unwrap()];
    let found = orders.map(|y| candles(&x, &y));
    assert!(found.contains(&vec![4.0; 4]), "one order loses what came first: {found:?}");
    let up = |x: &Value| hilum_ops::up_sample_nearest(x, 2)?.sum();
    assert_eq!(ours(&x, |x| up(x)?.add(&x.sum()?)), [5.0; 4]);
    assert_eq!(ours(&x, |x| x.sum()?.add(&up(x)?)), [5.0; 4]);
}
