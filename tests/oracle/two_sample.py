"""Writes the fixture of the tests of the classifier two-sample test.

Run from anywhere:

    python tests/oracle/two_sample.py

Writes stages/tests/oracle/two_sample.json: sets of features, the scores that scikit-learn's StandardScaler and
LogisticRegression (L2, C = 1, lbfgs, run until nothing moves) give to each of five folds when fitted on the others, the area
under the ROC curve of all of them, and coefficients and intercept of a fit to everything. Groups are of two images, each
dealt to the smallest fold. Needs numpy and scikit-learn.
"""

import json

import numpy as np
from fixtures import STAGES, arguments
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

FOLDS = 5


def features(seed, count, dimensions, shift=0.0, scale=1.0):
    """Rounded, so that the fixture is small."""
    mix = np.eye(dimensions) + 0.5 * np.random.RandomState(1000 + dimensions).randn(dimensions, dimensions) / np.sqrt(dimensions)
    return (shift + scale * np.random.RandomState(seed).randn(count, dimensions) @ mix).round(2)


def written(values):
    return {"dimensions": values.shape[1], "values": values.ravel().tolist()}


def folds(count):
    sizes, fold = [0] * FOLDS, np.zeros(count, int)
    for first in range(0, count, 2):
        smallest = sizes.index(min(sizes))
        fold[first : first + 2] = smallest
        sizes[smallest] += min(2, count - first)
    return fold


def model():
    return make_pipeline(StandardScaler(), LogisticRegression(C=1.0, tol=1e-12, max_iter=100_000))


arguments(__doc__, [])
constant = features(7, 40, 6)
constant[:, 2] = 0.1
pairs = {
    "nearly alike": (features(1, 80, 5), features(2, 61, 5, 0.3)),
    "far apart": (features(3, 40, 4), features(4, 40, 4, 2.0, 0.7)),
    "more features than images": (features(5, 33, 70), features(6, 28, 70, 0.2)),
    "a feature that does not vary": (constant, np.where(np.arange(6) == 2, 0.1, features(8, 50, 6, 0.2)).round(2)),
    "one feature": (features(9, 31, 1), features(10, 44, 1, 0.5)),
}
found = []
for name, (real, synthetic) in pairs.items():
    x, y = np.concatenate([real, synthetic]), np.repeat([0, 1], [len(real), len(synthetic)])
    fold = np.concatenate([folds(len(real)), folds(len(synthetic))])
    scores = np.zeros(len(x))
    for held_out in range(FOLDS):
        fitted = model().fit(x[fold != held_out], y[fold != held_out])
        scores[fold == held_out] = fitted.decision_function(x[fold == held_out])
    whole = model().fit(x, y)[-1]
    found.append(
        {
            "name": name,
            "real": written(real),
            "synthetic": written(synthetic),
            "scores": scores.round(6).tolist(),
            "auroc": roc_auc_score(y, scores),
            "coefficients": [*whole.coef_[0].round(7).tolist(), round(float(whole.intercept_[0]), 7)],
        }
    )
(STAGES / "two_sample.json").write_text(json.dumps(found) + "\n")
