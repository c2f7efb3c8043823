"""Writes the fixture of the UMAP parity test.

Run from anywhere:

    python tests/oracle/umap_digits.py

Writes to stages/tests/oracle. `digits.bin`: the 1,797 handwritten digits of scikit-learn, 64 bytes (0..16)
each, then one label byte each. `umap.json`: what scikit-learn and umap-learn
say about them. `umap_graph.bin`: the weight of every edge of the graph, once, by
row and then by column, as 65,535ths in two bytes, least significant first.
Neighbour ties are frequent between integer points and neither library promises
an order, so the oracle fixes one, the lower index first.
`--only KEY` writes one of `digits`, which is the file of digits, `weights`, which
is that of the graph, `versions`, `curve`, `neighbours`, `graph`,
`trustworthiness` and `cosine` (see fixtures.py).
"""

import json

import numpy as np
import scipy
import sklearn
import umap as umap_learn
from fixtures import STAGES, arguments, merged, stored
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness
from umap.umap_ import find_ab_params, fuzzy_simplicial_set

NEIGHBOURS = 15
KEYS = ["digits", "weights", "versions", "curve", "neighbours", "graph", "trustworthiness", "cosine"]


def squared_distances(points):
    norms = (points**2).sum(axis=1)
    squared = norms[:, None] + norms[None, :] - 2 * points @ points.T
    np.fill_diagonal(squared, -1)
    return squared


def trustworthiness_by_index(points, embedding, k):
    """`sklearn.manifold.trustworthiness` with ties broken by index."""
    n = len(points)
    order = np.argsort(squared_distances(points), axis=1, kind="stable")
    ranks = np.empty_like(order)
    ranks[np.arange(n)[:, None], order] = np.arange(n)[None, :]
    gaps = np.sqrt(((embedding[:, None, :] - embedding[None, :, :]) ** 2).sum(axis=2))
    np.fill_diagonal(gaps, np.inf)
    near = np.argsort(gaps, axis=1, kind="stable")[:, :k]
    excess = np.take_along_axis(ranks, near, axis=1) - k
    penalty = excess[excess > 0].sum()
    return 1.0 - penalty * (2.0 / (n * k * (2.0 * n - 3.0 * k - 1.0)))


def cosine(points, embedding):
    """The graph by cosine distances, and the trustworthiness of an embedding by them."""
    units = points / np.linalg.norm(points, axis=1, keepdims=True)
    far = 1.0 - units @ units.T
    np.fill_diagonal(far, -1)
    order = np.argsort(far, axis=1, kind="stable")
    # Rounding must not decide who is a neighbour.
    ranked = np.take_along_axis(far, order, axis=1)
    assert (ranked[:, NEIGHBOURS] - ranked[:, NEIGHBOURS - 1]).min() > 1e-7
    order, distances = order[:, :NEIGHBOURS], np.maximum(ranked[:, :NEIGHBOURS], 0).astype(np.float32)
    graph = fuzzy_simplicial_set(
        points.astype(np.float32), NEIGHBOURS, np.random.RandomState(0), "cosine", knn_indices=order.astype(np.int32), knn_dists=distances
    )[0]
    return {
        "count": len(points),
        "edges": int(graph.nnz),
        "rows": [float(str(v)) for v in np.asarray(graph.sum(axis=1), dtype=np.float32).ravel()],
        "trustworthiness": float(trustworthiness(points, embedding.astype(np.float64), n_neighbors=NEIGHBOURS, metric="cosine")),
    }


def main():
    only = arguments(__doc__, KEYS).only
    STAGES.mkdir(parents=True, exist_ok=True)
    points, labels = load_digits(return_X_y=True)
    bytes_ = points.astype(np.uint8)
    assert np.array_equal(bytes_, points)
    if not only or "digits" in only:
        (STAGES / "digits.bin").write_bytes(bytes_.tobytes() + labels.astype(np.uint8).tobytes())

    squared = squared_distances(points.astype(np.int64))
    order = np.argsort(squared, axis=1, kind="stable")[:, :NEIGHBOURS]
    assert np.array_equal(order[:, 0], np.arange(len(points)))
    distances = np.sqrt(np.maximum(np.take_along_axis(squared, order, axis=1), 0)).astype(np.float32)
    graph, sigmas, rhos = fuzzy_simplicial_set(
        points.astype(np.float32),
        NEIGHBOURS,
        np.random.RandomState(0),
        "euclidean",
        knn_indices=order.astype(np.int32),
        knn_dists=distances,
    )[:3]
    graph = graph.tocoo()
    if not only or "weights" in only:
        upper = graph.tocsr()
        upper.sort_indices()
        upper = upper.tocoo()
        upper = upper.data[upper.row < upper.col].astype(np.float64)
        assert 0 < upper.min() and upper.max() <= 1
        (STAGES / "umap_graph.bin").write_bytes(np.rint(upper * 65535).astype("<u2").tobytes())
    # Every 97th edge is enough to see a wrong formula and keeps the file small.
    picked = range(0, graph.nnz, 97)

    pca = PCA(n_components=2, svd_solver="full").fit_transform(points)
    pca = pca.round(3).astype(np.float32)

    # Without ties the three ways to sort agree, so this one is exact.
    random = np.random.default_rng(7)
    free = random.normal(size=(200, 5)).round(4).astype(np.float32)
    flat = (free[:, :2] + 0.5 * random.normal(size=(200, 2))).round(4).astype(np.float32)

    def numbers(array):
        return [float(str(value)) for value in np.asarray(array, dtype=np.float32).ravel()]

    oracle = {
        "versions": {
            "umap-learn": umap_learn.__version__,
            "scikit-learn": sklearn.__version__,
            "numpy": np.__version__,
            "scipy": scipy.__version__,
        },
        "curve": [
            {"spread": spread, "min_dist": dist, "ab": [float(v) for v in find_ab_params(spread, dist)]}
            for spread, dist in [(1.0, 0.1), (1.0, 0.001), (1.0, 0.5), (2.0, 0.1)]
        ],
        "neighbours": {
            "k": NEIGHBOURS,
            # Position-weighted, so that an exchange of two neighbours shows.
            "checksum": int(
                (order[:, 1:] * np.arange(1, NEIGHBOURS)).sum()
            ),
            "distance_sum": float(distances.astype(np.float64).sum()),
        },
        "graph": {
            "edges": int(graph.nnz),
            "sum": float(graph.data.astype(np.float64).sum()),
            "rows": numbers(np.asarray(graph.sum(axis=1)).ravel()),
            "sample": [
                [int(graph.row[e]), int(graph.col[e]), float(str(graph.data[e]))] for e in picked
            ],
        },
        "trustworthiness": {
            "digits": {
                "k": NEIGHBOURS,
                "embedding": numbers(pca),
                "by_index": float(
                    trustworthiness_by_index(points, pca.astype(np.float64), NEIGHBOURS)
                ),
                "sklearn": float(
                    trustworthiness(points, pca.astype(np.float64), n_neighbors=NEIGHBOURS)
                ),
            },
            "free": {
                "k": 7,
                "dimensions": 5,
                "data": numbers(free),
                "embedding": numbers(flat),
                "sklearn": float(
                    trustworthiness(free.astype(np.float64), flat.astype(np.float64), n_neighbors=7)
                ),
            },
        },
    }
    oracle["cosine"] = cosine(points[:400], pca[:400])
    out = STAGES / "umap.json"
    out.write_text(json.dumps(merged(stored(out), oracle, only), separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
