"""Draws the sample of `hilum verify --replay-sample` once more, from its document, and computes what it would have found.

    hilum verify --replay-sample 5% --seed 7 --json > replay.json
    python tests/oracle/replay_sample.py replay.json

Ends with an error where the program drew others, or gives other probabilities. Needs nothing but Python.
"""

import hashlib
import json
import math
import sys


def rank(unit, head, seed):
    parts = ["hilum.replay-sample.v1", head, seed, unit["run"], unit["stage"], unit["key"]]
    return hashlib.sha256("\0".join(parts).encode()).digest()


def finds(all_, compared, forged):
    return 1 - math.comb(all_ - forged, compared) / math.comb(all_, compared)


document = json.load(open(sys.argv[1]))
certificate, units = document["certificate"], document["population"]
drawn = certificate["drawn"]
spelled = json.dumps(units, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
assert hashlib.sha256(spelled).hexdigest() == drawn["population"], "the list is another"
assert len(units) == drawn["of"]
share = drawn["share"].removesuffix("%")
whole, _, rest = share.partition(".")
millionths = int(whole + rest.ljust(4, "0"))
count = -(-len(units) * millionths // 1_000_000)
ranked = sorted(units, key=lambda unit: rank(unit, certificate["head"], drawn["seed"]))
expected = {(u["run"], u["stage"], u["key"]) for u in ranked[:count]}
found = {(u["run"], u["stage"], u["key"]) for u in document["replayed"]}
assert expected == found, (expected, found)
compared = certificate["same"] + certificate["differs"]
for forged, given in [(1, "finds_one_forged"), (-(-len(units) // 20), "finds_a_twentieth_forged")]:
    assert abs(finds(len(units), compared, forged) - drawn[given] / 1e6) < 2e-6, (forged, given)
print(f"the same {count} of {len(units)} are drawn")
