"""Compares ledger_reader.py, on copies of a store that are tampered with, with the program that wrote the store.

    python3 ledger_agreement.py HILUM [COPIES]

Every line of every journal is tampered with in every way, the other copies at random, up to three times. Each
disagreement is printed. The exit status is 1 if there is one. It needs the package `cryptography`.
"""

import base64
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives.serialization import load_pem_private_key

import ledger_reader

STUDY = """study: s
seed: {seed}
stages:
  images: {{ stage: phantoms, with: {{ size: 16, classes: {{ a: {{ images: 6 }}, b: {{ images: 6 }} }} }} }}
  split: {{ stage: split, in: {{ samples: images }}, with: {{ by: patient, train: 0.5, test: 0.5 }} }}
"""
RUNS, SEED = 3, 1
NAMES = {"of-another-run": "other-run", "no": "not-signed", "by": "trusted", "by-unknown": "unknown"}  # of the program


def spell(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def payload_of(path):
    return base64.b64decode(json.loads(path.read_bytes())["payload"])


class Program:
    """The program, with a study in a directory, and two keys in another."""

    def __init__(self, path, directory):
        self.path, self.study, self.keys = path.resolve(), directory / "study", directory / "keys"
        self.study.mkdir()
        self.keys.mkdir()
        for key in ("trusted", "stranger"):
            self.call("key", "new", self.keys / key)

    def call(self, *arguments, key="trusted"):
        environment = os.environ | {"HILUM_KEY": str(self.keys / key)}
        done = subprocess.run([self.path, *arguments], cwd=self.study, env=environment, capture_output=True)
        if done.returncode and "--json" not in arguments:
            raise RuntimeError(f"{arguments}: {done.stderr.decode()}")
        return done.stdout

    def check(self, *arguments):
        return json.loads(self.call(*arguments, "--json", "--trusted-key", self.keys / "trusted.pub"))

    def make_store(self):
        for seed in range(RUNS):
            (self.study / "study.yaml").write_text(STUDY.format(seed=seed))
            self.call("run", "study.yaml")
        for run in sorted(path.name for path in (self.study / ".hilum/runs").iterdir())[:2]:
            self.call("cosign", run, "--as", "review")
            self.call("cosign", run, "--as", "approval", key="stranger")
        return self.study / ".hilum"


# Ways to tamper with a journal, which is split into what is before a line, the line, and what is after it; the last of
# what is after it are the bytes after the last line feed.

EDITS = [(b'"seq":', b'"seq":' + text) for text in (b"1", b"-", b"0.", b"null,")]
EDITS += [(b'"prev":"', text) for text in (b'"prev":"0', b'"prev":"E', b'"prev":0,"p":"', b'"prev":"","prev":"')]
EDITS += [(b'"v":1', text) for text in (b'"v":2', b'"v":1,"w":0', b'"v":1.0', b'"v":"1"', b'"v":NaN', b'"v":1e999')]
EDITS += [(b'"time":"2', b'"time":"' + text) for text in (b"1", b"x", b"20", b"\xff", b"\\ud800", b"\x01", b"\r")]
EDITS += [(b'"type":"', b'"type":"un'), (b"{", b"[{"), (b"{", b" {"), (b"}", b"} "), (b":", b""), (b'"', b"'")]


def chain_again(before, line, after):
    lines = before + [line.replace(b'"time":"2', b'"time":"1')] + after
    for place in range(len(before) + 1, len(lines) - 1):
        prev = json.loads(lines[place])["prev"].encode()
        lines[place] = lines[place].replace(prev, hashlib.sha256(lines[place - 1]).hexdigest().encode())
    return lines


def append_chained(before, line, after):
    lines = before + [line] + after[:-1]
    prev = hashlib.sha256(lines[-1]).hexdigest()
    return lines + [spell(json.loads(line) | {"seq": len(lines), "prev": prev}), b""]


JOURNAL_WAYS = {
    "edited": lambda rng, before, line, after: before + [line.replace(*rng.choice(EDITS))] + after,
    "edited and chained again": lambda rng, *parts: chain_again(*parts),
    "dropped": lambda rng, before, line, after: before + after,
    "swapped with the next": lambda rng, before, line, after: before + after[:1] + [line] + after[1:],
    "duplicated": lambda rng, before, line, after: before + [line, line] + after,
    "cut before it": lambda rng, before, line, after: before + [b""],
    "cut in it": lambda rng, before, line, after: before + [line[: rng.randrange(1, len(line))]],
    "empty line before it": lambda rng, before, line, after: before + [b"", line] + after,
    "appended": lambda rng, before, line, after: before + [line] + after[:-1] + rng.choice(([line], [line, b""])),
    "appended and chained": lambda rng, *parts: append_chained(*parts),
}


class Tampering:
    """Ways to tamper with what is in `runs`; each says what it did."""

    def __init__(self, runs, rng, keys):
        self.runs, self.rng, self.keys = runs, rng, keys

    def pick(self, pattern, but=None):
        return self.rng.choice([path for path in sorted(self.runs.glob(pattern)) if path != but])

    def journal(self, run=None, place=None, way=None):
        path = self.runs / run / "journal.jsonl" if run else self.pick("*/journal.jsonl")
        lines, way = path.read_bytes().split(b"\n"), way or self.rng.choice(list(JOURNAL_WAYS))
        place = self.rng.randrange(len(lines) - 1) if place is None else place
        path.write_bytes(b"\n".join(JOURNAL_WAYS[way](self.rng, lines[:place], lines[place], lines[place + 1 :])))
        return f"{path.parent.name} line {place + 1} of {len(lines) - 1} {way}"

    def sign(self, path, payload, key):
        envelope, private = json.loads(path.read_bytes()), load_pem_private_key((self.keys / key).read_bytes(), None)
        keyid, _ = ledger_reader.read_public_key(self.keys / f"{key}.pub")
        kind = envelope["payloadType"].encode()
        signature = private.sign(b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload))
        envelope["signatures"] = [{"keyid": keyid, "sig": base64.b64encode(signature).decode()}]
        path.write_bytes(spell(envelope | {"payload": base64.b64encode(payload).decode()}) + b"\n")

    def spell_otherwise(self, path):
        data = path.read_bytes()
        envelope = json.loads(data)
        payload, (signature,) = envelope["payload"], envelope["signatures"]
        bits = bytearray(base64.b64decode(signature["sig"]))
        bits[self.rng.randrange(64)] ^= 1 << self.rng.randrange(8)
        members = [{"sig": text} for text in ("AA==", base64.b64encode(bits).decode())]
        members += [{"keyid": text} for text in ("x", signature["keyid"].upper())]
        signatures = [[], [], None, [signature] * 2, *([signature | member] for member in members)]
        changes = [{"note": 1}, {"payloadType": "x"}, {"payload": payload + "="}, {"payload": "e30="}]
        changes += [{"signatures": changed} for changed in signatures]
        spelled = [data[:-1], data + b"\n", b" " + data, b"", data.replace(b'","', b'", "'), data[:99] + b"\n"]
        path.write_bytes(self.rng.choice(spelled + [spell(envelope | change) + b"\n" for change in changes]))
        return path.read_bytes()[-300:]

    def change_member(self, path):
        digest = hashlib.sha256(payload_of(self.pick("*/check*"))).hexdigest()
        digests = (digest, digest, digest.upper(), ledger_reader.HASH_OF_NOTHING, None)
        values = dict.fromkeys(("head", "root", "checkpoint", "prev_checkpoint"), digests)
        values |= {"v": (0, 2, "1"), "run": (self.pick("*", path.parent).name, "", 1), "index": (*range(-1, 5), 2**53)}
        values |= {"size": (0, 6, 7, 8, 9, 2**53), "study": ("", "x", None), "meaning": ("witness", "seen", None)}
        values["time"] = [f"{day}T00:00:00{end}" for day in ("2000-01-01", "2099-01-01") for end in (".000Z", "Z")]
        members = json.loads(payload_of(path))
        name = self.rng.choice([*members, "note"])
        members[name] = self.rng.choice(values.get(name, ("x",)))
        self.sign(path, spell(members), "trusted")
        return f"{name} = {members[name]!r}"

    def envelope(self):
        path, what = self.pick("*/*.dsse.json"), ""
        way = self.rng.choice(("removed", "copied", "moved", "swapped", "by a stranger") + ("spelled", "changed") * 3)
        other = self.pick("*/" + path.name, path) if way == "swapped" else self.pick("*", path.parent) / path.name
        if way == "by a stranger":
            self.sign(path, payload_of(path), "stranger")
        elif way in ("spelled", "changed"):
            what = self.spell_otherwise(path) if way == "spelled" else self.change_member(path)
        elif way == "removed":
            path.unlink()
        else:
            data, what = path.read_bytes(), other.parent.name
            if way != "copied":
                path.write_bytes(other.read_bytes()) if way == "swapped" else path.unlink()
            other.write_bytes(data)
        return f"{path.parent.name}/{path.name} {way} ({what})"

    def run(self):
        run, also = self.pick("*"), ""
        way = self.rng.choice(("removed", "copied", "renamed", "no journal", "not finished", "killed", "no checkpoint"))
        if way in ("copied", "renamed"):
            shutil.copytree(run, run.with_name(self.rng.choice("0x") + run.name))
        if way in ("removed", "renamed"):
            shutil.rmtree(run)
        if way in ("killed", "not finished"):
            self.journal(run.name, -2, "dropped")
        if way in ("no journal", "no checkpoint", "killed"):
            (run / ("journal.jsonl" if way == "no journal" else "checkpoint.dsse.json")).unlink()
            also = self.journal(run.name) if way != "no journal" and self.rng.random() < 0.6 else ""
        return f"{run.name} {way} {also}"

    def at_random(self):
        try:
            return self.rng.choice((self.journal, self.envelope, self.envelope, self.run))()
        except (OSError, ValueError, LookupError, TypeError):
            return "(cannot be done after what was done)"


def told_by_program(document, altered):
    """What it says; of runs with a checkpoint, `broken_journals` is left out: the faults say it too. The program knows the types
    of lines: one that says nothing, or that only some take for JSON, it may find where others find its link, a line on."""
    faults, without = document["checkpoint_faults"], document["without_checkpoint"]
    alone = without + [fault["run"] for fault in faults if fault.get("file") == "checkpoint.dsse.json"]
    told = [(fault["run"], NAMES.get(fault["fault"], fault["fault"]), fault.get("line")) for fault in faults]
    told += [(broken["run"], "altered", broken["line"]) for broken in document["broken_journals"] if broken["run"] in alone]
    is_next = [what == "altered" and (run, line) not in altered and (run, line + 1) in altered for run, what, line in told]
    told = [(run, what, line + 1 if late else line) for (run, what, line), late in zip(told, is_next)]
    for checkpoint in document["checkpoints"]:
        for said in (checkpoint, *checkpoint.pop("cosignatures")):
            told.append({"key": None, "digest": None} | said | {"signed": NAMES.get(said["signed"], said["signed"])})
    told.append(document["checkpoints"][-1]["digest"] if document["checkpoints"] else None)
    return {json.dumps(item, sort_keys=True) for item in told + without}


def told_by_reader(document, runs):
    told = [document["ledger_head"]]
    for run in document["runs"]:
        told += [(run["run"], found["what"], found["line"]) for found in run["verdicts"]]
        if run["checkpoint"]:
            told += [run["checkpoint"], *(said | {"digest": None} for said in run["cosignatures"])]
        elif not (runs / run["run"] / "checkpoint.dsse.json").exists():
            told.append(run["run"])
    return {json.dumps(item, sort_keys=True) for item in told}


def main():
    rng, copies, disagreements = random.Random(SEED), int((sys.argv[2:] or [1000])[0]), 0
    with tempfile.TemporaryDirectory() as directory:
        program, copy = Program(Path(sys.argv[1]), Path(directory)), Path(directory) / "copies" / "store"
        store, trusted_keys = program.make_store(), dict([ledger_reader.read_public_key(program.keys / "trusted.pub")])
        paths = sorted(store.glob("runs/*/journal.jsonl"))
        journals = {path.parent.name: path.read_bytes().count(b"\n") for path in paths}
        every = [(run, place, way) for run in journals for place in range(journals[run]) for way in JOURNAL_WAYS]
        for _ in range(copies):
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(store, copy, ignore=shutil.ignore_patterns("objects"))
            (copy / "objects").mkdir()
            tampering, times = Tampering(copy / "runs", rng, program.keys), rng.randrange(4)
            done = [tampering.journal(*every.pop())] if every else [tampering.at_random() for _ in range(times)]
            read = ledger_reader.describe_store(copy, trusted_keys)
            altered = {(run["run"], said["line"]) for run in read["runs"] for said in run["verdicts"] if said["what"] == "altered"}
            by_program = told_by_program(program.check("verify", "--store", copy), altered)
            by_reader = told_by_reader(read, copy / "runs")
            if by_program != by_reader:
                disagreements += 1
                print(done, *(f"  only the program: {told}" for told in sorted(by_program - by_reader)), sep="\n")
                print(*(f"  only the reader: {told}" for told in sorted(by_reader - by_program)), sep="\n")
    print(f"{copies} copies, {disagreements} disagreements")
    return 1 if disagreements else 0


if __name__ == "__main__":
    sys.exit(main())
