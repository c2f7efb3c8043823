"""Reference values of classification metrics, for the tests of the metrics in stages.

Made with Python 3.11+, scikit-learn 1.9.1, numpy 2.4.6. Run from anywhere:

    python tests/oracle/metrics.py

Writes stages/tests/oracle/metrics.json: a list of cases. `--only METRIC` computes one metric for the cases that are there
(see fixtures.py): a new metric is a row of `WHOLE` or `PER_CLASS`, and its own numbers. Undefined values are null. The prediction is the first class
of largest score. Scores are multiples of a power of two and add up to 1, so that float32 holds them and their ties.
"""

import json
import math
import warnings

import numpy as np
from fixtures import STAGES, arguments, merged, stored
from sklearn import metrics

OUT = STAGES / "metrics.json"


def value(x):
    return None if x is None or math.isnan(x) else float(x)


NAN = {"zero_division": np.nan}


def auroc(truth, scores):
    return value(metrics.roc_auc_score(truth, scores)) if truth.any() and not truth.all() else None


def macro_auroc(labels, scores):
    found = [a for a in (auroc(labels == c, scores[:, c]) for c in range(scores.shape[1])) if a is not None]
    return value(np.mean(found)) if found else None


def balanced_accuracy(labels, scores):
    found = metrics.balanced_accuracy_score(labels, predicted(scores))
    recalls = [(predicted(scores)[labels == c] == c).mean() for c in np.unique(labels)]
    assert abs(found - np.mean(recalls)) < 1e-12
    return value(found)


def predicted(scores):
    return scores.argmax(axis=1)  # the first of equals


# Of labels and all scores.
WHOLE = {
    "accuracy": lambda labels, scores: value(metrics.accuracy_score(labels, predicted(scores))),
    "balanced_accuracy": balanced_accuracy,
    "macro_auroc": macro_auroc,
}
# Of whether an image is of the class, whether it is predicted to be, and the score of the class.
PER_CLASS = {
    "sensitivity": lambda truth, guess, scores: value(metrics.recall_score(truth, guess, **NAN)),
    "specificity": lambda truth, guess, scores: value(metrics.recall_score(~truth, ~guess, **NAN)),
    "precision": lambda truth, guess, scores: value(metrics.precision_score(truth, guess, **NAN)),
    "f1": lambda truth, guess, scores: value(metrics.f1_score(truth, guess, **NAN)),
    "auroc": lambda truth, guess, scores: auroc(truth, scores),
}


def check(name, found, truth, guess):
    """Against the definitions, so that a library's convention cannot slip in."""
    tp, fp, fn, tn = (truth & guess).sum(), (~truth & guess).sum(), (truth & ~guess).sum(), (~truth & ~guess).sum()
    parts = {"sensitivity": (tp, tp + fn), "specificity": (tn, tn + fp), "precision": (tp, tp + fp), "f1": (2 * tp, 2 * tp + fp + fn)}
    if name in parts:
        a, b = parts[name]
        assert (found is None) == (b == 0) and (b == 0 or abs(found - a / b) < 1e-12), (name, found, a, b)


def expected(labels, scores, only, before):
    """The metrics that are wanted; the others as they were `before`."""
    wanted = lambda rows: {name: f for name, f in rows.items() if not only or name in only}
    per_class = []
    for c in range(scores.shape[1]):
        truth, guess = labels == c, predicted(scores) == c
        found = {name: f(truth, guess, scores[:, c]) for name, f in wanted(PER_CLASS).items()}
        for name, x in found.items():
            check(name, x, truth, guess)
        per_class.append(merged(before["per_class"][c] if only else {}, found, only))
    whole = merged(before, {name: f(labels, scores) for name, f in wanted(WHOLE).items()}, only)
    return {name: whole[name] for name in whole if name != "per_class"} | {"per_class": per_class}


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
    return {"classes": k, "labels": labels.tolist(), "scores": scores.tolist(), "expected": expected(labels, scores, [], {})}


def main():
    warnings.simplefilter("ignore")
    rng = np.random.default_rng(20261)
    only = arguments(__doc__, [*WHOLE, *PER_CLASS]).only
    cases = stored(OUT) if only else [case(rng, i) for i in range(60)]
    for c in cases if only else []:
        c["expected"] = expected(np.array(c["labels"]), np.array(c["scores"]), only, c["expected"])
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")
    undefined = {n: sum(p[n] is None for c in cases for p in c["expected"]["per_class"]) for n in cases[0]["expected"]["per_class"][0]}
    macro = sum(c["expected"]["macro_auroc"] is None for c in cases)
    print(f"{len(cases)} cases, {OUT.stat().st_size} bytes; undefined: {undefined}, macro_auroc {macro}")


if __name__ == "__main__":
    main()
