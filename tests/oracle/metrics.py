"""Reference values of classification metrics, for the tests of the metrics in stages.

Made with Python 3.11+, scikit-learn 1.9.1, numpy 2.4.6. Run from anywhere:

    python tests/oracle/metrics.py

Writes stages/tests/oracle/metrics.json: a list of cases. Undefined values are null. The prediction is the first class
of largest score. Scores are multiples of a power of two and add up to 1, so that float32 holds them and their ties.
"""

import json
import math
import warnings
from pathlib import Path

import numpy as np
from sklearn import metrics

OUT = Path(__file__).resolve().parents[2] / "stages/tests/oracle/metrics.json"


def value(x):
    return None if x is None or math.isnan(x) else float(x)


def expected(k, labels, scores):
    predicted = scores.argmax(axis=1)  # the first of equals
    per_class = []
    for c in range(k):
        truth, guess = labels == c, predicted == c
        nan = {"zero_division": np.nan}
        per_class.append(
            {
                "sensitivity": value(metrics.recall_score(truth, guess, **nan)),
                "specificity": value(metrics.recall_score(~truth, ~guess, **nan)),
                "precision": value(metrics.precision_score(truth, guess, **nan)),
                "f1": value(metrics.f1_score(truth, guess, **nan)),
                "auroc": value(metrics.roc_auc_score(truth, scores[:, c])) if truth.any() and not truth.all() else None,
            }
        )
        # Against the definitions, so that a library's convention cannot slip in.
        tp, fp, fn, tn = (truth & guess).sum(), (~truth & guess).sum(), (truth & ~guess).sum(), (~truth & ~guess).sum()
        ratio = lambda a, b: None if b == 0 else a / b
        by_hand = (ratio(tp, tp + fn), ratio(tn, tn + fp), ratio(tp, tp + fp), ratio(2 * tp, 2 * tp + fp + fn))
        for name, hand in zip(("sensitivity", "specificity", "precision", "f1"), by_hand):
            found = per_class[-1][name]
            assert (found is None) == (hand is None) and (hand is None or abs(found - hand) < 1e-12), (name, found, hand)
    aurocs = [p["auroc"] for p in per_class if p["auroc"] is not None]
    balanced = metrics.balanced_accuracy_score(labels, predicted)
    defined = [p["sensitivity"] for p in per_class if p["sensitivity"] is not None]
    assert abs(balanced - np.mean(defined)) < 1e-12
    return {
        "accuracy": value(metrics.accuracy_score(labels, predicted)),
        "balanced_accuracy": value(balanced),
        "macro_auroc": value(np.mean(aurocs)) if aurocs else None,
        "per_class": per_class,
    }


def case(rng, i):
    k = 2 + i % 3
    n = int(rng.integers(2, 61))
    labels = rng.integers(0, k, n)
    # Coarse scores have many ties, fine ones few.
    steps = [8, 64, 4096][i // 3 % 3]
    signal = 0.5 * np.eye(k)[labels] if i % 2 else 0
    weights = rng.dirichlet(np.ones(k), n) + signal
    scores = np.array([rng.multinomial(steps, w / w.sum()) for w in weights]) / steps
    match i % 12:
        case 3:  # one class absent from the labels
            labels[labels == k - 1] = 0
        case 5:  # constant scores
            scores = np.tile([[0.5, 0.5], [0.5, 0.25, 0.25], [0.25] * 4][k - 2], (n, 1))
        case 7:  # n = 1
            labels, scores = labels[:1], scores[:1]
        case 8:  # all of one class
            labels[:] = i % k
        case 10:  # one class never predicted
            scores[:, 0], scores[:, 1] = 0, scores[:, 0] + scores[:, 1]
        case 11:  # separable: scores follow the labels
            scores = np.eye(k)[labels]
    return {"classes": k, "labels": labels.tolist(), "scores": scores.tolist(), "expected": expected(k, labels, scores)}


def main():
    warnings.simplefilter("ignore")
    rng = np.random.default_rng(20261)
    cases = [case(rng, i) for i in range(60)]
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")
    undefined = {n: sum(p[n] is None for c in cases for p in c["expected"]["per_class"]) for n in cases[0]["expected"]["per_class"][0]}
    macro = sum(c["expected"]["macro_auroc"] is None for c in cases)
    print(f"{len(cases)} cases, {OUT.stat().st_size} bytes; undefined: {undefined}, macro_auroc {macro}")


if __name__ == "__main__":
    main()
