"""Writes the fixture of the bagged trees.

Usage: python tests/oracle/bagged_trees.py stages/tests/oracle/bagged_trees.json

Accuracies of scikit-learn's BaggingClassifier over 20 seeds: grown on the
first 1,000 digits of `digits.bin`, asked for the other 797; with 10 trees (its
default) and with 100.
"""

import json
import sys

from sklearn.datasets import load_digits
from sklearn.ensemble import BaggingClassifier

digits = load_digits()
x, y = digits.data.astype("float32"), digits.target
found = {}
for trees in (10, 100):
    seeds = range(20)
    models = (BaggingClassifier(n_estimators=trees, random_state=seed).fit(x[:1000], y[:1000]) for seed in seeds)
    found[str(trees)] = [model.score(x[1000:], y[1000:]) for model in models]
json.dump(found, open(sys.argv[1], "w"), indent=1)
