"""Writes the fixture of the bagged trees.

Run from anywhere:

    python tests/oracle/bagged_trees.py

Writes stages/tests/oracle/bagged_trees.json: of two data sets of scikit-learn, how
many images each was grown on, and accuracies on the others of its
BaggingClassifier over 20 seeds, with 10 trees (its default) and with 100. The
first 1,000 of 1,797 digits (in `digits.bin`), and the first 300 of 569 cases of
breast cancer, which it writes into `breast_cancer.bin`: 30 float32 of each case,
followed by the classes, a byte each. `--only SET` computes one of `digits` and
`breast_cancer` (see fixtures.py).
"""

import json

from fixtures import STAGES, arguments, merged, stored
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.ensemble import BaggingClassifier

OUT = STAGES / "bagged_trees.json"
SETS = {"digits": (load_digits, 1000), "breast_cancer": (load_breast_cancer, 300)}

only = arguments(__doc__, list(SETS)).only
found = {}
for name in only or SETS:
    load, grown_on = SETS[name]
    data = load()
    x, y = data.data.astype("<f4"), data.target
    if name == "breast_cancer":
        (STAGES / "breast_cancer.bin").write_bytes(x.tobytes() + y.astype("u1").tobytes())
    found[name] = {"grown_on": grown_on, "accuracies": {}}
    for trees in (10, 100):
        models = (BaggingClassifier(n_estimators=trees, random_state=seed).fit(x[:grown_on], y[:grown_on]) for seed in range(20))
        found[name]["accuracies"][trees] = [model.score(x[grown_on:], y[grown_on:]) for model in models]
OUT.write_text(json.dumps(merged(stored(OUT), found, only), indent=1) + "\n")
