"""Writes the fixture of the parity tests of new points in a UMAP.

Run from anywhere:

    python tests/oracle/umap_transform.py

Writes `umap_transform.json` to stages/tests/oracle: what umap-learn makes of the handwritten digits of scikit-learn where the first
1,200 are fitted and the other 597 are placed in the map by `transform`. Three new points equal fitted ones: `copies` says which.
`--only KEY` writes one of these (see fixtures.py):

* `versions`
* `copies`
* `ties`: membership strengths of the new points, by the functions that `transform` calls, given exact neighbours of which the lower
  index is first. Every 8th new point is there with all its weights, and the sum of every one.
* `starts`: where these points begin in a given map, the two principal components scaled to 10.
* `descent`: where these points, and the points of a map that is being made, are moved to by umap-learn's own code for an epoch. It
  is run as Python in double precision, and draws from a generator that is written below, so that nothing is left to chance.
* `quality`: figures of the placed points for several seeds: means and standard deviations.
"""

import json

import numpy as np
import scipy
import scipy.sparse
import sklearn
import umap as umap_learn
from fixtures import STAGES, arguments, merged, stored
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from umap import layouts
from umap.umap_ import compute_membership_strengths, find_ab_params, init_graph_transform, make_epochs_per_sample, smooth_knn_dist

NEIGHBOURS = 15
FITTED = 1200
STEP = 8
# Which of the new points is which of the fitted ones: alone, and more than one of a kind.
COPIES = {0: 17, 1: 17, 80: 1199}
SEEDS = range(12)
EPOCHS = 100
# More epochs, or points that are closer, and a difference in the last digit decides where they are.
RING_EPOCHS = 12
KEYS = ["versions", "copies", "ties", "starts", "descent", "quality"]


def nearest(points, others, k):
    """The k nearest of `points` to each of `others`, the lower index first, and their distances; all are whole numbers."""
    points, others = points.astype(np.int64), others.astype(np.int64)
    squared = (others**2).sum(axis=1)[:, None] + (points**2).sum(axis=1)[None, :] - 2 * others @ points.T
    order = np.argsort(squared, axis=1, kind="stable")[:, :k]
    return order, np.sqrt(np.take_along_axis(squared, order, axis=1)).astype(np.float32)


def single(values):
    """Decimals that are read back as the same single-precision numbers."""
    return [float(str(v)) for v in np.asarray(values, dtype=np.float32).ravel()]


def descended(head_embedding, tail_embedding, graph, epochs, alpha, move_other, states):
    """umap-learn's optimisation, its own Python code for an epoch, in double precision; draws are those of `drawn`, from the state of
    each head."""
    before = layouts.tau_rand_int, layouts.rdist
    layouts.tau_rand_int = drawn
    layouts.rdist = lambda x, y: float(((x - y) ** 2).sum())
    weights = graph.data.astype(np.float64)
    every = make_epochs_per_sample(weights, epochs)
    negative = every / 5.0
    next_sample, next_negative = every.copy(), negative.copy()
    a, b = find_ab_params(1.0, 0.1)
    rate = alpha
    for n in range(epochs):
        layouts._optimize_layout_euclidean_single_epoch(
            head_embedding, tail_embedding, graph.row, graph.col, len(tail_embedding), every, a, b, states, 1.0, 2, move_other, rate,
            negative, next_negative, next_sample, n, False, None, None, None, None, None, None, None, None, None,
        )  # fmt: skip
        rate = alpha * (1.0 - n / epochs)
    layouts.tau_rand_int, layouts.rdist = before
    return head_embedding


def drawn(state):
    """A linear congruential generator of 31 bits; its lowest bits repeat soon and are dropped."""
    state[0] = (state[0] * 1103515245 + 12345) % 2**31
    return state[0] >> 8


def ties(fitted, new):
    """The graph of `transform`, in the order of neighbours."""
    order, distances = nearest(fitted, new, NEIGHBOURS)
    sigmas, rhos = smooth_knn_dist(distances, float(NEIGHBOURS), local_connectivity=0.0)
    assert not rhos.any()
    rows, cols, weights, _ = compute_membership_strengths(order.astype(np.int32), distances, sigmas, rhos, bipartite=True)
    return scipy.sparse.coo_matrix((weights, (rows, cols)), shape=(len(new), len(fitted)))


def pruned(graph, epochs):
    graph = graph.copy()
    graph.data[graph.data < graph.data.max() / epochs] = 0.0
    graph.eliminate_zeros()
    return graph


def quality(fitted, new, labels, new_labels, seed):
    """Figures of placed points: the share whose label is the commonest among their five nearest fitted points in the map; the share
    of the 15 nearest fitted points kept; trustworthiness of these, with ranks among the fitted points; and the mean distance to the
    five nearest fitted points of the same label."""
    model = umap_learn.UMAP(n_neighbors=NEIGHBOURS, random_state=seed, transform_seed=seed, n_jobs=1).fit(fitted)
    here = model.transform(new).astype(np.float64)
    there = model.embedding_.astype(np.float64)
    far = np.sqrt(((here[:, None, :] - there[None, :, :]) ** 2).sum(axis=2))
    near = np.argsort(far, axis=1, kind="stable")[:, :NEIGHBOURS]
    votes = np.stack([(labels[near[:, :5]] == label).sum(axis=1) for label in range(10)], axis=1)
    order, _ = nearest(fitted, new, len(fitted))
    kept = np.mean([np.isin(order[i, :NEIGHBOURS], near[i]).mean() for i in range(len(new))])
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.arange(1, len(fitted) + 1)[None, :], axis=1)
    excess = np.take_along_axis(ranks, near, axis=1) - NEIGHBOURS
    n, k = len(fitted), NEIGHBOURS
    worst = len(new) * k * (2 * n - 3 * k + 1) / 2
    own = [np.sort(far[i][labels == new_labels[i]])[:5].mean() for i in range(len(new))]
    return {
        "accuracy": float((votes.argmax(axis=1) == new_labels).mean()),
        "kept": float(kept),
        "trustworthiness": float(1.0 - excess[excess > 0].sum() / worst),
        "distance": float(np.mean(own)),
    }


def main():
    only = arguments(__doc__, KEYS).only
    points, labels = load_digits(return_X_y=True)
    fitted, new = points[:FITTED], points[FITTED:].copy()
    for at, of in COPIES.items():
        new[at] = fitted[of]
    graph = ties(fitted, new)
    weights = graph.data.reshape(-1, NEIGHBOURS)

    scaled = PCA(n_components=2, svd_solver="full").fit_transform(fitted)
    scaled -= scaled.min(axis=0)
    scaled = (10.0 * scaled / scaled.max(axis=0)).round(3)
    csr = graph.tocsr()
    csr.eliminate_zeros()
    starts = init_graph_transform(csr, scaled.astype(np.float32))

    # Every 8th new point in a map of 1,200, and a map of a ring of 40 points.
    picked = graph.tocsr()[::STEP].tocoo()
    order, _ = nearest(fitted, new[::STEP], NEIGHBOURS)
    picked.data = weights[::STEP].ravel().copy()
    picked.row, picked.col = np.repeat(np.arange(len(order)), NEIGHBOURS), order.ravel()
    begun = init_graph_transform(picked.tocsr(), scaled.astype(np.float32)).astype(np.float64)
    placed = descended(begun, scaled.copy(), pruned(picked, EPOCHS), EPOCHS, 0.25, False, [[i] for i in range(len(begun))])
    ring = scipy.sparse.coo_matrix(np.array([[ring_weight(i, j) for j in range(40)] for i in range(40)]))
    circle = np.array([[round(20 * np.cos(i * np.pi / 20), 3), round(20 * np.sin(i * np.pi / 20), 3)] for i in range(40)])
    together = circle.copy()
    descended(together, together, ring, RING_EPOCHS, 1.0, True, [[0]] * len(together))

    oracle = {
        "versions": {
            "umap-learn": umap_learn.__version__,
            "scikit-learn": sklearn.__version__,
            "numpy": np.__version__,
            "scipy": scipy.__version__,
        },
        "copies": [[at, of] for at, of in COPIES.items()],
        "ties": {
            "every": STEP,
            "weights": single(weights[::STEP]),
            "sums": single(weights.astype(np.float64).sum(axis=1)),
            "kept": int(pruned(graph, EPOCHS).nnz),
        },
        "starts": {"map": single(scaled), "places": single(starts[::STEP])},
        "descent": {
            "epochs": EPOCHS,
            "placed": placed.round(9).ravel().tolist(),
            "ring-epochs": RING_EPOCHS,
            "curve": list(find_ab_params(1.0, 0.1)),
            "circle": circle.ravel().tolist(),
            "together": together.round(9).ravel().tolist(),
        },
    }
    if not only or "quality" in only:
        runs = [quality(fitted, new, labels[:FITTED], labels[FITTED:], seed) for seed in SEEDS]
        for run in runs:
            print(run)
        of = lambda name: [run[name] for run in runs]
        oracle["quality"] = {name: {"mean": float(np.mean(of(name))), "deviation": float(np.std(of(name), ddof=1))} for name in runs[0]}
    out = STAGES / "umap_transform.json"
    out.write_text(json.dumps(merged(stored(out), oracle, only), separators=(",", ":")) + "\n")


def ring_weight(i, j):
    """Of a graph in which each of 40 points is tied to the four beside it."""
    return {1: 1.0, 2: 0.37}.get(min((i - j) % 40, (j - i) % 40), 0.0)


if __name__ == "__main__":
    main()
