"""Reference values of classification metrics, for the tests of the metrics in stages.

Made with Python 3.11+, scikit-learn 1.9.1, numpy 2.4.6, dcurves 1.1.7 and uncertainty-calibration 0.1.4. Run from anywhere:

    python tests/oracle/metrics.py

Writes stages/tests/oracle/metrics.json. `cases` are predictions with the value of every metric; `tables` are sums over all
2x2 tables of at most 12 images, of the metrics that follow from a confusion matrix. `--only METRIC` computes one metric
(of the whole and per class) for the cases that are there, see fixtures.py: a new metric is a row of `WHOLE` or
`PER_CLASS`, and its own numbers. Undefined values are null. The prediction is the first class of largest score. Scores are
multiples of `1 / steps`, a power of two, and add up to 1, so that float32 holds them and their ties.
"""

import itertools
import json
import math
import warnings

import numpy as np
from fixtures import STAGES, arguments, merged, stored
from sklearn import metrics
from sklearn.calibration import calibration_curve

OUT = STAGES / "metrics.json"


def value(x):
    return None if x is None or math.isnan(x) else float(f"{x:.15g}")


NAN = {"zero_division": np.nan}


def if_both(f):
    """Of the class against the rest; undefined without either."""
    return lambda truth, guess, scores: value(f(truth, guess, scores)) if truth.any() and not truth.all() else None


def of_class(f):
    """Undefined without the class."""
    return lambda truth, guess, scores: value(f(truth, guess, scores)) if truth.any() else None


def if_every_class(f):
    """Undefined where a class has no images."""
    return lambda labels, scores: value(f(labels, scores)) if len(np.unique(labels)) == scores.shape[1] else None


def predicted(scores):
    return scores.argmax(axis=1)  # the first of equals


def mcc(labels, guess):
    """scikit-learn gives 0 where nothing varies, and the coefficient is 0/0."""
    return value(metrics.matthews_corrcoef(labels, guess)) if len(np.unique(labels)) > 1 and len(np.unique(guess)) > 1 else None


def balanced_accuracy(labels, scores):
    found = metrics.balanced_accuracy_score(labels, predicted(scores))
    recalls = [(predicted(scores)[labels == c] == c).mean() for c in np.unique(labels)]
    assert abs(found - np.mean(recalls)) < 1e-12
    return found


def macro_auroc(labels, scores):
    k = scores.shape[1]
    found = np.mean([metrics.roc_auc_score(labels == c, scores[:, c]) for c in range(k)])
    assert k == 2 or abs(found - metrics.roc_auc_score(labels, scores, multi_class="ovr", average="macro")) < 1e-12
    return found


def macro_auprc(labels, scores):
    return metrics.average_precision_score(np.eye(scores.shape[1])[labels], scores, average="macro")


def whole_brier(labels, scores):
    return value(metrics.brier_score_loss(labels, scores, labels=range(scores.shape[1]), scale_by_half=False))


def log_loss(labels, scores):
    return value(metrics.log_loss(labels, scores, labels=range(scores.shape[1])))


def ece(labels, scores):
    confidence, right = scores.max(axis=1), predicted(scores) == labels
    share, mean = calibration_curve(right, confidence, n_bins=15, pos_label=True)
    count = np.bincount(np.searchsorted(np.linspace(0, 1, 16)[1:-1], confidence))
    return value((count[count > 0] * np.abs(share - mean)).sum() / len(labels))


def adaptive_ece(labels, scores):
    confidence, right, n = scores.max(axis=1), predicted(scores) == labels, len(labels)
    first = np.searchsorted(np.sort(confidence), confidence, side="left")
    found = np.abs(np.bincount(15 * first // n, right - confidence)).sum() / n
    if n % 15 == 0:
        from calibration import get_ece_em

        # Its labels are whether the prediction is right, of a classifier of two classes whose score is the confidence.
        reference = get_ece_em(confidence, right.astype(int), num_bins=15)
        assert abs(found - reference) < 1e-12, (found, reference)
    return value(found)


def harmonic_mean(truth, guess, scores):
    a, b = metrics.recall_score(truth, guess), metrics.recall_score(~truth, ~guess)
    return 2 * a * b / (a + b) if a + b else 0.0


def sens_at_spec(truth, guess, scores):
    fpr, tpr, _ = metrics.roc_curve(truth, scores, drop_intermediate=False)
    return tpr[fpr <= 0.1].max()


def net_benefit(truth, guess, scores):
    found = ((truth & (scores >= 0.5)).sum() - (~truth & (scores >= 0.5)).sum()) / len(truth)
    if truth.any() and not truth.all():
        import pandas as pd
        from dcurves import dca

        table = dca(pd.DataFrame({"truth": truth, "score": scores}), outcome="truth", modelnames=["score"], thresholds=[0.5])
        reference = table[table["model"] == "score"]["net_benefit"].item()
        assert abs(found - reference) < 1e-12, (found, reference)
    return value(found)


# Of labels and all scores.
WHOLE = {
    "accuracy": lambda labels, scores: value(metrics.accuracy_score(labels, predicted(scores))),
    "balanced-accuracy": if_every_class(balanced_accuracy),
    "mcc": lambda labels, scores: mcc(labels, predicted(scores)),
    "kappa": lambda labels, scores: value(metrics.cohen_kappa_score(labels, predicted(scores))),
    "auroc": if_every_class(macro_auroc),
    "auprc": if_every_class(macro_auprc),
    "brier": whole_brier,
    "log-loss": log_loss,
    "ece": ece,
    "adaptive-ece": adaptive_ece,
}
# Of whether an image is of the class, whether it is predicted to be, and the score of the class.
PER_CLASS = {
    "sensitivity": lambda truth, guess, scores: value(metrics.recall_score(truth, guess, **NAN)),
    "specificity": lambda truth, guess, scores: value(metrics.recall_score(~truth, ~guess, **NAN)),
    "precision": lambda truth, guess, scores: value(metrics.precision_score(truth, guess, **NAN)),
    "npv": lambda truth, guess, scores: value(metrics.precision_score(~truth, ~guess, **NAN)),
    "f1": of_class(lambda truth, guess, scores: metrics.f1_score(truth, guess, **NAN)),
    "mcc": lambda truth, guess, scores: mcc(truth, guess),
    "hm-sens-spec": if_both(harmonic_mean),
    "auroc": if_both(lambda truth, guess, scores: metrics.roc_auc_score(truth, scores)),
    "auprc": of_class(lambda truth, guess, scores: metrics.average_precision_score(truth, scores)),
    "partial-auroc": if_both(lambda truth, guess, scores: metrics.roc_auc_score(truth, scores, max_fpr=0.1)),
    "sens-at-spec": if_both(sens_at_spec),
    "brier": lambda truth, guess, scores: value(metrics.brier_score_loss(truth, scores, pos_label=True)),
    "net-benefit": net_benefit,
}
# Those that follow from a confusion matrix.
COUNTS = ["accuracy", "balanced-accuracy", "mcc", "kappa", "sensitivity", "specificity", "precision", "npv", "f1", "hm-sens-spec"]


def check(name, found, truth, guess):
    """Against the definitions, so that a library's convention cannot slip in."""
    tp, fp, fn, tn = (truth & guess).sum(), (~truth & guess).sum(), (truth & ~guess).sum(), (~truth & ~guess).sum()
    parts = {
        "sensitivity": (tp, tp + fn),
        "specificity": (tn, tn + fp),
        "precision": (tp, tp + fp),
        "npv": (tn, tn + fn),
        "f1": (2 * tp, 2 * tp + fp + fn if tp + fn else 0),
        "mcc": (tp * tn - fp * fn, math.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))),
    }
    if name in parts:
        a, b = parts[name]
        assert (found is None) == (b == 0) and (b == 0 or abs(found - a / b) < 1e-12), (name, found, a, b)


def expected(labels, scores, names, old):
    """The metrics of these names, or all where there are none; the others as in `old`."""
    wanted = lambda rows: {name: f for name, f in rows.items() if not names or name in names}
    whole = {name: f(labels, scores) for name, f in wanted(WHOLE).items()}
    per_class = {name: [] for name in wanted(PER_CLASS)}
    for c in range(scores.shape[1]):
        truth, guess = labels == c, predicted(scores) == c
        for name, found in per_class.items():
            found.append(PER_CLASS[name](truth, guess, scores[:, c]))
            check(name, found[-1], truth, guess)
    fresh = {"whole": whole, "per_class": per_class}
    return {scope: merged(old.get(scope, {}), fresh[scope], names) for scope in fresh}


def tables(names, old):
    """What a metric is over all tables of true and false positives and negatives: how many values are undefined, the sum of
    the numbers of these tables, and sums of the values, plain, times the number of the table, and times its square mod 97."""
    counts = [name for name in COUNTS if not names or name in names]
    values = {(scope, name): [] for scope, rows in [("whole", WHOLE), ("per_class", PER_CLASS)] for name in rows if name in counts}
    for n in itertools.product(range(13), repeat=4) if counts else []:
        if not 1 <= sum(n) <= 12:
            continue
        truth, guess = np.repeat([True, False, True, False], n), np.repeat([True, True, False, False], n)
        for (scope, name), found in values.items():
            found.append(WHOLE[name](truth.astype(int), np.eye(2)[guess.astype(int)]) if scope == "whole" else PER_CLASS[name](truth, guess, None))
    fresh = {"whole": {}, "per_class": {}}
    for (scope, name), found in values.items():
        there = [(t, v) for t, v in enumerate(found) if v is not None]
        undefined = [t for t, v in enumerate(found) if v is None]
        sums = [math.fsum(v * weight(t) for t, v in there) for weight in (lambda t: 1, lambda t: t, lambda t: t * t % 97)]
        fresh[scope][name] = [len(undefined), sum(undefined), *sums]
    return {scope: merged(old.get(scope, {}), fresh[scope], names) for scope in fresh}


def case(rng, i):
    k = 2 + i % 3
    n = int(rng.integers(2, 61 if i < 60 else 31))
    labels = rng.integers(0, k, n)
    # Coarse scores have many ties, fine ones few.
    steps = [8, 64, 4096][i // 3 % 3]
    signal = 0.5 * np.eye(k)[labels] if i % 2 else 0
    weights = rng.dirichlet(np.ones(k), n) + signal
    scores = np.array([rng.multinomial(steps, w / w.sum()) for w in weights])
    match i % 12:
        case 3:  # one class absent from the labels
            labels[labels == k - 1] = 0
        case 5:  # constant scores
            scores = np.tile([[steps // 2] * 2, [steps // 2, steps // 4, steps // 4], [steps // 4] * 4][k - 2], (n, 1))
        case 7:  # n = 1
            labels, scores = labels[:1], scores[:1]
        case 8:  # all of one class
            labels[:] = i % k
        case 10:  # one class never predicted
            scores[:, 0], scores[:, 1] = 0, scores[:, 0] + scores[:, 1]
        case 11:  # separable: scores follow the labels
            scores = steps * np.eye(k, dtype=int)[labels]
    return {"classes": k, "steps": steps, "labels": labels.tolist(), "scores": scores.tolist()}


def main():
    warnings.simplefilter("ignore")
    rng = np.random.default_rng(20261)
    only = arguments(__doc__, [*WHOLE, *PER_CLASS]).only
    old = stored(OUT) if only else {"cases": [case(rng, i) for i in range(200)], "tables": {}}
    cases = [c | expected(np.array(c["labels"]), np.array(c["scores"]) / c["steps"], only, c) for c in old["cases"]]
    text = ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(f'{{"tables": {json.dumps(tables(only, old["tables"]))},\n"cases": [\n{text}\n]}}\n')
    undefined = {n: sum(v is None for c in cases for v in c["per_class"][n]) for n in PER_CLASS} | {n + " (whole)": sum(c["whole"][n] is None for c in cases) for n in WHOLE}
    print(f"{len(cases)} cases, {OUT.stat().st_size} bytes; undefined: {undefined}")


if __name__ == "__main__":
    main()
