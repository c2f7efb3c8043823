//! Pulls neighbours together and pushes strangers apart on the plane. Knows the graph and the places
//! points start from; ignorant of the data.

use super::graph::Graph;
use crate::math::{exp, ln};

/// Strangers pushed away per neighbour pulled in, and the greatest step along one axis: umap-learn's.
const STRANGERS: f64 = 5.0;
const REACH: f64 = 4.0;

/// An edge and when it acts next.
struct Edge {
    head: usize,
    tail: usize,
    /// Epochs between two pulls: one for the heaviest edge.
    period: f64,
    next_pull: f64,
    next_push: f64,
}

/// Moves the points for so many epochs of stochastic gradient descent on the curve `(a, b)`.
///
/// `random` gives 64 uniform bits a call. One thread only: the order of the updates is part of the
/// result, and threads that race for it are why other implementations are not reproducible.
pub(super) fn optimise(places: &mut [[f64; 2]], graph: &Graph, (a, b): (f64, f64), epochs: usize, mut random: impl FnMut() -> u64) {
    let heaviest = graph.heaviest();
    let mut edges: Vec<Edge> = Vec::new();
    for (head, row) in graph.rows.iter().enumerate() {
        edges.extend(row.iter().map(|&(tail, weight)| {
            let period = heaviest / weight;
            Edge { head, tail, period, next_pull: period, next_push: period / STRANGERS }
        }));
    }
    let mut rate = 1.0;
    for epoch in 0..epochs {
        let now = epoch as f64;
        for edge in edges.iter_mut().filter(|edge| edge.next_pull <= now) {
            let (here, there) = (places[edge.head], places[edge.tail]);
            let pull = attraction(squared(here, there), a, b);
            for axis in 0..2 {
                let step = rate * clip(pull * (here[axis] - there[axis]));
                places[edge.head][axis] += step;
                places[edge.tail][axis] -= step;
            }
            edge.next_pull += edge.period;

            let interval = edge.period / STRANGERS;
            let pushes = ((now - edge.next_push) / interval).max(0.0) as usize;
            for _ in 0..pushes {
                let stranger = below(random(), places.len());
                let (here, there) = (places[edge.head], places[stranger]);
                let push = repulsion(squared(here, there), a, b);
                for axis in 0..2 {
                    places[edge.head][axis] += rate * clip(push * (here[axis] - there[axis]));
                }
            }
            edge.next_push += pushes as f64 * interval;
        }
        // After the epoch, so that the first two run at the full rate, as umap-learn's do.
        rate = 1.0 - now / epochs as f64;
    }
}

fn attraction(squared: f64, a: f64, b: f64) -> f64 {
    if squared <= 0.0 {
        return 0.0;
    }
    let power = power(squared, b);
    -2.0 * a * b * power / (squared * (1.0 + a * power))
}

/// Zero on top of each other: there is no direction to flee in, least of all from oneself.
fn repulsion(squared: f64, a: f64, b: f64) -> f64 {
    if squared <= 0.0 { 0.0 } else { 2.0 * b / ((0.001 + squared) * (1.0 + a * power(squared, b))) }
}

/// `x` to the power of `b`, for `x` above zero. Not to the last digit, at a third of what that costs: it weighs steps.
fn power(x: f64, b: f64) -> f64 {
    exp(b * ln(x))
}

fn squared(p: [f64; 2], q: [f64; 2]) -> f64 {
    let (x, y) = (p[0] - q[0], p[1] - q[1]);
    x * x + y * y
}

fn clip(step: f64) -> f64 {
    step.clamp(-REACH, REACH)
}

/// A whole number below `n`; its bias is below `n / 2^64`.
fn below(bits: u64, n: usize) -> usize {
    ((u128::from(bits) * n as u128) >> 64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edge_pulls_its_ends_together() {
        let graph = Graph { rows: vec![vec![(1, 1.0)], vec![(0, 1.0)]] };
        let mut places = [[0.0, 0.0], [10.0, 0.0]];
        // Bits of zero: the only stranger is the first point, which pushes the second alone.
        optimise(&mut places, &graph, (1.577, 0.895), 100, || 0);
        assert!(squared(places[0], places[1]).sqrt() < 2.0);
    }

    #[test]
    fn edges_of_odd_weights_end() {
        for odd in [f64::MIN_POSITIVE, 1e-300, 1.0] {
            let graph = Graph { rows: vec![vec![(1, odd)], vec![(0, 1.0)]] };
            let mut places = [[0.0, -0.0], [1e9, -1e9]];
            optimise(&mut places, &graph, (1.577, 0.895), 20, || 7);
            assert!(places.iter().flatten().all(|v| v.is_finite()));
        }
        optimise(&mut [], &Graph { rows: vec![] }, (1.577, 0.895), 20, || 7);
    }

    #[test]
    fn coinciding_points_stay_finite() {
        let graph = Graph { rows: vec![vec![(1, 1.0)], vec![(0, 1.0)]] };
        let mut places = [[3.0, 3.0]; 2];
        optimise(&mut places, &graph, (1.577, 0.895), 20, || u64::MAX);
        assert_eq!(places, [[3.0, 3.0]; 2]);
    }
}
