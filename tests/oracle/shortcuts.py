"""Reference values of areas within and between groups, and of smoothed images, for the tests of stages.

Made with Python 3.11+, numpy 2.4.6, scipy 1.17.1, scikit-learn 1.9.1. Run from anywhere:

    python tests/oracle/shortcuts.py

Writes stages/tests/oracle/shortcuts.json: a list of cases for each key; `--only KEY` makes those of one key (see fixtures.py).
Undefined values are null. Areas within a group are scikit-learn's; areas between groups and variances are computed over all
pairs, one by one.
"""

import json
import math

import numpy as np
from fixtures import STAGES, arguments, merged, stored
from scipy import ndimage
from sklearn.metrics import roc_auc_score

OUT = STAGES / "shortcuts.json"
SEED = 20263


def groups(rng):
    """Scores, classes, patients and groups; for each sort of pairs their number, area, variance, and covariance with all."""
    out = []
    for i in range(14):
        images = [14, 40, 90][i % 3]
        patient = rng.integers(0, max(4, images // 2), images)
        group = rng.integers(0, 1 + i % 4, patient.max() + 1)[patient]  # a patient is of one group
        if i % 5 == 4:  # or of several
            group = rng.integers(0, 3, images)
        positive = rng.random(images) < 0.3 + 0.15 * (group % 3)
        scores = positive * 0.8 + 0.6 * group + rng.normal(size=images)
        scores = np.round(scores * [1, 4, 1000][i // 2 % 3]) / 8
        match i:
            case 11:  # group and class are the same
                group = positive.astype(int)
            case 12:  # a class is absent
                positive[:] = True
            case 13:  # one group of many images has a single pair
                positive = group == 0
                positive[np.flatnonzero(group == 1)[0]] = True
        case = {"scores": scores.tolist(), "positive": positive.tolist(), "patient": patient.tolist(), "group": group.tolist()}
        p, n = np.flatnonzero(positive), np.flatnonzero(~positive)
        right = np.sign(scores[p][:, None] - scores[n][None, :]) / 2 + 0.5
        same = group[p][:, None] == group[n][None, :]
        size = np.bincount(group)[group[p]][:, None]
        weights = {"all": np.ones_like(right), "within": same * 1.0, "within-weighted": same / (size + 1.0), "between": ~same * 1.0}
        found = {}
        deviations = {}
        for name, w in weights.items():
            if w.sum() == 0:
                found[name] = {"pairs": 0, "area": None, "variance": None, "with_all": None}
                continue
            area = (w * right).sum() / w.sum()
            off = w * (right - area) / w.sum()
            who = sorted(set(patient.tolist()))
            x = np.array([off[patient[p] == k].sum() for k in who])
            y = np.array([off[:, patient[n] == k].sum() for k in who])
            deviations[name] = x + y
            # Obuchowski's corrections, for patients who are in a pair.
            paired_p, paired_n = set(patient[p][w.sum(axis=1) > 0].tolist()), set(patient[n][w.sum(axis=0) > 0].tolist())
            i10, i01, both = len(paired_p), len(paired_n), len(paired_p | paired_n)
            enough = i10 > 1 and i01 > 1
            variance = i10 / (i10 - 1) * (x @ x) + i01 / (i01 - 1) * (y @ y) + both / (both - 1) * 2 * (x @ y) if enough else math.nan
            product = float(deviations[name] @ deviations["all"])
            found[name] = {"pairs": int((w > 0).sum()), "area": float(area), "variance": max(variance, 0.0) if enough else None, "with_all": product}
        for name, weight in [("within", lambda m, k: m * k), ("within-weighted", lambda m, k: m * k / (m + k + 1))]:
            each = [(positive[group == g], scores[group == g]) for g in set(group.tolist())]
            each = [(weight(q.sum(), (~q).sum()), roc_auc_score(q, s)) for q, s in each if q.any() and not q.all()]
            if each:
                total = sum(w * a for w, a in each) / sum(w for w, _ in each)
                assert abs(total - found[name]["area"]) < 1e-12, (i, name, total, found[name])
        out.append(case | {"found": found})
    return out


def smooth(rng):
    """Images, and what a Gaussian filter of a standard deviation in pixels makes of them, before rounding."""
    out = []
    for side, sigma in [(8, 0.5), (12, 1.0), (16, 2.3), (9, 4.0)]:
        pixels = rng.integers(0, 256, (side, side))
        found = ndimage.gaussian_filter(pixels.astype(float), sigma, mode="nearest", radius=math.ceil(3 * sigma))
        out.append({"side": side, "sigma": sigma, "pixels": pixels.ravel().tolist(), "smooth": [round(float(v), 6) for v in found.ravel()]})
    return out


KEYS = {f.__name__: f for f in [groups, smooth]}


def main():
    only = arguments(__doc__, KEYS).only
    # Each key has random numbers of its own, so that `--only` makes the same ones.
    made = {name: f(np.random.default_rng([SEED, at])) for at, (name, f) in enumerate(KEYS.items()) if not only or name in only}
    found = merged(stored(OUT), made, only)
    rows = lambda cases: ",\n".join(json.dumps(c) for c in cases)
    OUT.write_text("{\n" + ",\n".join(f"{json.dumps(name)}: [\n{rows(cases)}\n]" for name, cases in found.items()) + "\n}\n")
    print(f"{ {name: len(cases) for name, cases in found.items()} }, {OUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
