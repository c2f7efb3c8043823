"""Writes the fixture of the tests of figures of synthetic images.

Run from anywhere:

    python tests/oracle/quality.py

Writes stages/tests/oracle/quality.json: features of a seeded generator, and their Fréchet distance by scipy's square root of
a matrix, kernel distance by the plain formula, inception score, the figures of the package prdc, and distances to training
images by brute force. Needs numpy, scipy, scikit-learn and prdc. `--only KEY` writes one of `frechet`, `kernel`,
`inception`, `neighbourhoods` and `memorisation` (see fixtures.py).
"""

import contextlib
import io
import json

import numpy as np
import scipy.linalg
from fixtures import STAGES, arguments, merged, stored
from prdc import compute_prdc
from scipy.spatial.distance import cdist

KEYS = ["frechet", "kernel", "inception", "neighbourhoods", "memorisation"]


def features(seed, count, dimensions, shift=0.0, scale=1.0, correlated=True):
    """Rounded, so that the fixture is small."""
    stream = np.random.RandomState(seed)
    values = stream.randn(count, dimensions)
    if correlated:
        values = values @ (np.eye(dimensions) + 0.5 * np.random.RandomState(1000 + dimensions).randn(dimensions, dimensions))
    return (shift + scale * values).round(3)


def written(values):
    return {"dimensions": values.shape[1], "values": values.ravel().tolist()}


def pairs():
    """Sets of two, by name."""
    dead = features(5, 40, 6)
    dead[:, 2] = 0
    copied = features(6, 40, 6)
    copied[:, 4] = copied[:, 1]
    return {
        "many images": (features(1, 60, 6), features(2, 45, 6, 0.3, 1.2)),
        "as many as features and one": (features(3, 9, 8), features(4, 9, 8, 1.0)),
        "fewer images than features": (features(7, 12, 20), features(8, 15, 20, 0.2, 0.7)),
        "fewer on one side": (features(9, 50, 12), features(10, 7, 12, -0.4)),
        "two images": (features(11, 2, 5), features(12, 30, 5)),
        "a feature that is always zero": (dead, features(13, 40, 6)),
        "features that depend on each other": (copied, features(14, 40, 6)),
        "the same": (features(15, 30, 5), features(15, 30, 5)),
        "all equal": (np.ones((10, 4)), features(16, 20, 4)),
        "one feature": (features(17, 20, 1), features(18, 25, 1, 2.0)),
    }


def frechet(a, b):
    """By scipy's square root, and by singular values of the product of symmetric roots, which are exact where it is not."""
    s1, s2 = (np.atleast_2d(np.cov(x, rowvar=False)) for x in (a, b))
    rest = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(s1) + np.trace(s2)
    root = scipy.linalg.sqrtm(s1 @ s2).real
    nuclear = np.linalg.svd((a - a.mean(0)) @ (b - b.mean(0)).T, compute_uv=False).sum() / np.sqrt((len(a) - 1) * (len(b) - 1))
    return {"sqrtm": rest - 2 * np.trace(root), "nuclear": rest - 2 * nuclear}


def kernel(a, b):
    d = a.shape[1]
    n, m = len(a), len(b)
    aa, bb, ab = ((x @ y.T / d + 1) ** 3 for x, y in ((a, a), (b, b), (a, b)))
    value = lambda i, j: (  # noqa: E731
        (aa[np.ix_(i, i)].sum() - np.trace(aa[np.ix_(i, i)])) / (len(i) * (len(i) - 1))
        + (bb[np.ix_(j, j)].sum() - np.trace(bb[np.ix_(j, j)])) / (len(j) * (len(j) - 1))
        - 2 * ab[np.ix_(i, j)].mean()
    )
    all_a, all_b = np.arange(n), np.arange(m)

    def variance(count, of):
        blocks = min(10, count)
        at = np.arange(count) * blocks // count
        values = np.array([of(np.flatnonzero(at != block)) for block in range(blocks)])
        return (blocks - 1) / blocks * ((values - values.mean()) ** 2).sum()

    error = np.sqrt(variance(n, lambda i: value(i, all_b)) + variance(m, lambda j: value(all_a, j))) if min(n, m) >= 4 else None
    return {"value": value(all_a, all_b), "error": error}


def inception(p, splits=10):
    scores = []
    for i in range(splits):
        part = p[i * len(p) // splits : (i + 1) * len(p) // splits]
        mean = part.mean(0, keepdims=True)
        terms = np.where(part > 0, part * (np.log(np.where(part > 0, part, 1)) - np.log(np.where(mean > 0, mean, 1))), 0)
        scores.append(np.exp(terms.sum(1).mean()))
    return {"value": np.mean(scores), "error": np.std(scores, ddof=1) / np.sqrt(splits)}


def probabilities(seed, count, classes, zeros):
    p = np.random.RandomState(seed).dirichlet([0.4] * classes, count)
    if zeros:
        p = np.where(p < 0.1, 0, p)
    return p / p.sum(1, keepdims=True)


def quiet_prdc(a, b, k):
    with contextlib.redirect_stdout(io.StringIO()):
        return {name: float(value) for name, value in compute_prdc(a, b, k).items()}


def memorisation():
    training, held_out, synthetic = features(31, 40, 5), features(32, 25, 5), features(33, 30, 5, 0.0, 0.9)
    synthetic[3] = training[7]
    synthetic[11] = training[20] + 0.001
    distances = cdist(synthetic, training)
    others = cdist(training, training)
    np.fill_diagonal(others, np.inf)
    near, at = distances.min(1), distances.argmin(1)
    held = cdist(held_out, training).min(1)
    p = np.array([(1 + (held <= d).sum()) / (1 + len(held)) for d in near])
    order = np.argsort(p, kind="stable")
    passing = np.flatnonzero(p[order] <= 0.2 * np.arange(1, len(p) + 1) / len(p))
    found = np.zeros(len(p), bool)
    found[order[: passing.max() + 1 if len(passing) else 0]] = True
    return {
        "training": written(training),
        "held_out": written(held_out),
        "synthetic": written(synthetic),
        "nearest": at.tolist(),
        "distances": near.tolist(),
        "ratio": float(np.median(near) / np.median(held)),
        "authentic": (near > others.min(1)[at]).tolist(),
        "p": p.tolist(),
        "q": 0.2,
        "found": found.tolist(),
    }


def main():
    only = arguments(__doc__, KEYS).only
    two = {name: {"real": written(a), "synthetic": written(b)} for name, (a, b) in pairs().items()}
    new = {
        "frechet": [{"name": name, **two[name], **frechet(a, b)} for name, (a, b) in pairs().items()],
        "kernel": [{"name": name, **kernel(a, b)} for name, (a, b) in pairs().items()],
        "inception": [
            {"probabilities": written(p), **inception(p)} for p in (probabilities(21, 130, 3, False), probabilities(22, 107, 4, True), np.full((100, 2), 0.5))
        ],
        "neighbourhoods": [
            {"real": written(a), "synthetic": written(b), "k": k, **quiet_prdc(a, b, k)}
            for a, b in ((features(23, 60, 6), features(24, 50, 6, 0.2, 0.8)), (features(25, 25, 17), features(26, 40, 17, 1.5)))
            for k in (3, 5)
        ],
        "memorisation": memorisation(),
    }
    path = STAGES / "quality.json"
    path.write_text(json.dumps(merged(stored(path), new, only)) + "\n")


if __name__ == "__main__":
    main()
