"""Writes the fixture of the bagged trees.

Run from anywhere:

    python tests/oracle/bagged_trees.py

Writes stages/tests/oracle/bagged_trees.json: accuracies of scikit-learn's
BaggingClassifier over 20 seeds, grown on the first 1,000 digits of
`digits.bin`, asked for the other 797; with 10 trees (its default) and with 100.
`--only TREES` computes one of them (see fixtures.py).
"""

import json

from fixtures import STAGES, arguments, merged, stored
from sklearn.datasets import load_digits
from sklearn.ensemble import BaggingClassifier

OUT = STAGES / "bagged_trees.json"
TREES = ["10", "100"]

only = arguments(__doc__, TREES).only
digits = load_digits()
x, y = digits.data.astype("float32"), digits.target
found = {}
for trees in only or TREES:
    seeds = range(20)
    models = (BaggingClassifier(n_estimators=int(trees), random_state=seed).fit(x[:1000], y[:1000]) for seed in seeds)
    found[trees] = [model.score(x[1000:], y[1000:]) for model in models]
OUT.write_text(json.dumps(merged(stored(OUT), found, only), indent=1))
