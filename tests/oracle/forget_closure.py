"""Whether a certificate of `hilum forget` is true of its store, read from the journals alone (docs/ledger.md), without hilum.

    python3 forget_closure.py STORE CERTIFICATE

Follows each output of the certificate from recipe to recipe up to stages without inputs, and says for how many every
digest on the way is there and was not erased; and whether each erased object is gone, unless a later run made it again.
The exit status is 1 if something is not as it should be. Needs `blake3` for the keys of recipes; without it, these are
not computed again.
"""

import json
import sys
from decimal import Decimal
from pathlib import Path

try:
    from blake3 import blake3
except ImportError:
    blake3 = None


def number(value):
    """A number as RFC 8785 spells it, which is how JavaScript does."""
    if isinstance(value, int) or value == 0 or 1e-6 <= abs(value) < 1e21:
        text = format(Decimal(repr(value)), "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    mantissa, exponent = repr(value).split("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent):+d}"


def canonical(value):
    """Enough of RFC 8785 for recipes, whose names are ASCII."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(name)}:{canonical(value[name])}" for name in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return number(value)
    return json.dumps(value, ensure_ascii=False)


def lines(store):
    """All lines of all journals, runs in the order of their numbers."""
    runs = []
    for path in (store / "runs").glob("*/journal.jsonl"):
        entries = [json.loads(line) for line in path.read_bytes().splitlines()]
        runs.append((entries[0].get("number", 0), path.parent.name, entries))
    return sorted(runs, key=lambda run: run[:2])


def inputs(recipe):
    for value in recipe.get("inputs", {}).values():
        if isinstance(value, str):
            yield value, False
        elif isinstance(value, dict):
            yield value["lookup"], True
        else:
            for one in value:
                yield (one if isinstance(one, str) else one["digest"]), False


def is_there(store, digest):
    digits = digest.removeprefix("b3:")
    return (store / "objects" / digits[:2] / digits[2:]).is_file()


def main(store, certificate):
    made, erased, faults, keys = {}, {}, [], 0
    for at, (_, run, entries) in enumerate(lines(store)):
        for entry in entries:
            if entry["type"] == "receipt":
                receipt = entry["receipt"]
                if blake3 is not None:
                    keys += 1
                    key = "b3:" + blake3(b"hilum.recipe.v1\0" + canonical(receipt["recipe"]).encode()).hexdigest()
                    if key.removeprefix("b3:") != receipt["key"].split(":")[-1]:
                        faults.append(f"the key of {receipt['stage']} in {run} is not that of its recipe")
                for digest in [output["digest"] for output in receipt["outputs"].values()]:
                    made.setdefault(digest, []).append((at, receipt))
                for digest, is_list in inputs(receipt["recipe"]):
                    if is_list:
                        made.setdefault(digest, []).append((at, None))
            elif entry["type"] == "erased":
                erased.update({digest: at for digest in entry["objects"]})
    again = {digest for digest, at in erased.items() if any(run > at for run, _ in made.get(digest, []))}
    for digest in erased.keys() - again:
        if is_there(store, digest):
            faults.append(f"{digest} was erased and is there")
    outputs, followed = 0, set()
    for stage in certificate["stages"]:
        for changed in stage["outputs"].values():
            outputs += 1
            waiting = [changed["after"]]
            while waiting:
                digest = waiting.pop()
                if digest in followed:
                    continue
                followed.add(digest)
                if digest in erased and digest not in again or not is_there(store, digest):
                    faults.append(f"{stage['stage']} is made of {digest}, which is gone")
                    continue
                # The newest receipt is the one that the study goes by.
                receipts = [receipt for _, receipt in made.get(digest, []) if receipt is not None]
                if receipts:
                    waiting.extend(found for found, _ in inputs(receipts[-1]["recipe"]))
    print(f"{outputs} outputs, {len(followed)} digests followed, {len(erased)} objects erased, {keys} keys, {len(faults)} faults")
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    document = json.loads(Path(sys.argv[2]).read_text())
    sys.exit(main(Path(sys.argv[1]), document))
