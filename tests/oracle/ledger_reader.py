"""An independent reader of the ledger, written from docs/ledger.md (version 1 of the format) alone.

    python3 ledger_reader.py STORE [--trusted-key FILE.pub ...]
    python3 ledger_reader.py --proof FILE [--trusted-key FILE.pub ...]

The first form prints all that it finds of every run of a store, the second whether a proof holds, each as one JSON
document. For signatures by trusted keys it needs the package `cryptography`. The exit status is 2 for bad arguments.
"""

import argparse
import base64
import fcntl
import hashlib
import json
import re
from dataclasses import dataclass, field
from pathlib import Path

LARGEST_NUMBER = 2**53 - 1
HASH_OF_NOTHING = hashlib.sha256(b"").hexdigest()
ED25519_DER_PREFIX = bytes.fromhex("302a300506032b6570032100")
FIELD_PRIME = 2**255 - 19
ORDER_EIGHT = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
SMALL_ORDER_ORDINATES = {0, 1, FIELD_PRIME - 1, ORDER_EIGHT, FIELD_PRIME - ORDER_EIGHT}
UNREADABLE = (OSError, ValueError, RecursionError)  # what is raised where something is not as the page says


def is_number(value):
    return type(value) is int and 0 <= value <= LARGEST_NUMBER


def is_version(value):
    return is_number(value) and value == 1


def text_like(pattern):
    expression = re.compile(pattern, re.ASCII | re.DOTALL)
    return lambda value: isinstance(value, str) and expression.fullmatch(value) is not None


is_text = text_like(r".*")
is_digest = text_like(r"[0-9a-f]{64}")
is_meaning = text_like(r"review|approval|witness")
# All times are of one width, so that they compare as texts.
is_time = text_like(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)\.\d{3}Z")
CHECKPOINT_TYPE = "application/vnd.hilum.checkpoint+json"
CHECKPOINT_MEMBERS = {
    "v": is_version,
    "run": is_text,
    "study": is_text,
    "index": is_number,
    "size": is_number,
    "head": is_digest,
    "root": is_digest,
    "prev_checkpoint": lambda value: value is None or is_digest(value),
    "time": is_time,
}
COSIGNATURE_TYPE = "application/vnd.hilum.cosignature+json"
COSIGNATURE_MEMBERS = {"v": is_version, "run": is_text, "checkpoint": is_digest, "meaning": is_meaning, "time": is_time}


def parse_json(data):
    def refuse(constant):
        raise ValueError(f"{constant} is not JSON")

    return json.loads(data.decode("utf-8"), parse_constant=refuse)


def canonical_json(value):
    """The bytes that RFC 8785 spells, for values without fractions: envelopes and their payloads have none."""
    if value is None or isinstance(value, (bool, str)):
        return json.dumps(value, ensure_ascii=False).encode("utf-8")
    if type(value) is int and abs(value) <= LARGEST_NUMBER:
        return b"%d" % value
    if isinstance(value, list):
        return b"[" + b",".join(map(canonical_json, value)) + b"]"
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return b"{" + b",".join(canonical_json(name) + b":" + canonical_json(value[name]) for name in names) + b"}"
    raise ValueError("a number that is not whole or too large")


def parse_canonical_json(data, checks):
    """The object that is spelled, which has the members that are named in `checks`, and no others."""
    members = parse_json(data)
    if canonical_json(members) != data or not isinstance(members, dict) or set(members) != set(checks):
        raise ValueError("not in the canonical spelling, or not an object with these members")
    if not all(check(members[name]) for name, check in checks.items()):
        raise ValueError("a member is of another kind")
    return members


def decode_base64(text):
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode() != text:
        raise ValueError("base 64 in another spelling")
    return data


def leaf_hash(line):
    return hashlib.sha256(b"\x00" + line).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def tree_root(lines):
    """The root of RFC 6962, 2.1: pairing neighbours, and passing an odd one up, gives the splits of that definition."""
    level = [leaf_hash(line) for line in lines]
    while len(level) > 1:
        pairs = [node_hash(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        level = pairs + level[len(level) - len(level) % 2 :]
    return level[0].hex() if level else HASH_OF_NOTHING


def root_from_path(leaf, index, size, path):
    """The root that an inclusion path leads to (RFC 9162, 2.1.3.2), or None where the path does not fit the tree."""
    if index >= size:
        return None
    node, last, root = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return None
        if node & 1 or node == last:
            root = node_hash(sibling, root)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            root = node_hash(root, sibling)
        node, last = node >> 1, last >> 1
    return root.hex() if last == 0 else None


def read_public_key(path):
    """The keyid and the 32 bytes of an Ed25519 key from a PEM file with its SubjectPublicKeyInfo."""
    blocks = re.findall(r"-----BEGIN PUBLIC KEY-----(.*?)-----END PUBLIC KEY-----", path.read_text(), re.DOTALL)
    der = decode_base64("".join(blocks[0].split())) if len(blocks) == 1 else b""
    if not der.startswith(ED25519_DER_PREFIX) or len(der) != len(ED25519_DER_PREFIX) + 32:
        raise ValueError(f"{path}: not one public key for Ed25519 in PEM")
    return hashlib.sha256(der).hexdigest(), der[len(ED25519_DER_PREFIX) :]


def signature_holds(key, signature, signed):
    """The strict check: the package leaves points of small order, and other spellings of a point, to its caller."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    for point in (key, signature[:32]):
        ordinate = int.from_bytes(point, "little") & (2**255 - 1)
        if ordinate >= FIELD_PRIME or ordinate in SMALL_ORDER_ORDINATES:
            return False
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, signed)
    except (InvalidSignature, ValueError):
        return False
    return True


@dataclass
class Statement:
    members: dict  # of the payload
    digest: str
    status: str  # "not-signed", "trusted", "forged", or "unknown" if the key is not among the trusted ones
    keyid: str = None

    def describe(self):
        return self.members | {"digest": self.digest, "signed": self.status, "key": self.keyid}


def read_envelope(data, payload_type, payload_members, trusted_keys):
    """What is stated in the bytes of a file, and by whom."""
    if not data.endswith(b"\n"):
        raise ValueError("an envelope ends with a line feed")
    checks = {"payload": is_text, "payloadType": is_text, "signatures": lambda value: isinstance(value, list)}
    envelope = parse_canonical_json(data[:-1], checks)
    if envelope["payloadType"] != payload_type or len(envelope["signatures"]) > 1:
        raise ValueError("of another type, or more than one signature")
    payload = decode_base64(envelope["payload"])
    members = parse_canonical_json(payload, payload_members)
    statement = Statement(members, hashlib.sha256(payload).hexdigest(), "not-signed")
    for signature in envelope["signatures"]:
        parse_canonical_json(canonical_json(signature), {"keyid": is_digest, "sig": is_text})
        statement.keyid, signature_bytes = signature["keyid"], decode_base64(signature["sig"])
        if len(signature_bytes) != 64:
            raise ValueError("no signature of Ed25519")
        signed = b"DSSEv1 %d %s %d %s" % (len(payload_type), payload_type.encode(), len(payload), payload)
        statement.status = "unknown"
        if statement.keyid in trusted_keys:
            holds = signature_holds(trusted_keys[statement.keyid], signature_bytes, signed)
            statement.status = "trusted" if holds else "forged"
    return statement


@dataclass
class Run:
    name: str
    lines: list = field(default_factory=list)
    rest: bytes = b""  # after the last line feed
    has_journal: bool = False
    is_locked: bool = False
    has_checkpoint: bool = False  # readable or not
    checkpoint: Statement = None  # None too where it is unreadable
    cosignatures: list = field(default_factory=list)
    verdicts: list = field(default_factory=list)  # of what was found, and the line or None

    def place(self):
        number = members_of(self.lines[0]).get("number") if self.lines else None
        return (not self.has_journal, number if is_number(number) else 0, self.name.encode("utf-8", "surrogateescape"))

    def head(self):
        return hashlib.sha256(self.lines[-1]).hexdigest() if self.lines else HASH_OF_NOTHING

    def describe(self):
        return {
            "run": self.name,
            "lines": len(self.lines),
            "head": self.head(),
            "root": tree_root(self.lines),
            "checkpoint": self.checkpoint.describe() if self.checkpoint else None,
            "cosignatures": [cosignature.describe() for cosignature in self.cosignatures],
            "verdicts": [{"what": what, "line": line} for what, line in self.verdicts],
        }


def members_of(line):
    """The members of a line; none where it is no JSON object."""
    try:
        members = parse_json(line)
    except UNREADABLE:
        return {}
    return members if isinstance(members, dict) else {}


def read_run(directory, trusted_keys):
    run = Run(directory.name, has_journal=(directory / "journal.jsonl").exists())
    if run.has_journal:
        with open(directory / "journal.jsonl", "rb") as file:
            *run.lines, run.rest = file.read().split(b"\n")
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                run.is_locked = True
    for path in sorted(directory.glob("*.dsse.json")):
        try:
            if path.name == "checkpoint.dsse.json":
                run.has_checkpoint = True
                run.checkpoint = read_envelope(path.read_bytes(), CHECKPOINT_TYPE, CHECKPOINT_MEMBERS, trusted_keys)
            elif path.name.startswith("cosignature-"):
                cosignature = read_envelope(path.read_bytes(), COSIGNATURE_TYPE, COSIGNATURE_MEMBERS, trusted_keys)
                if cosignature.status == "not-signed":
                    raise ValueError("a cosignature is signed")
                run.cosignatures.append(cosignature)
        except UNREADABLE:
            run.verdicts.append(("unreadable", None))
    return run


def chain_failure(lines):
    """The line, from 1, at which the chain fails, or None."""
    previous = HASH_OF_NOTHING
    for seq, line in enumerate(lines):
        members = members_of(line)
        if members.get("prev") != previous or not is_number(members.get("seq")) or members["seq"] != seq:
            return seq + 1
        previous = hashlib.sha256(line).hexdigest()
    return None


def journal_verdict(run):
    """The first row of the table that fits, or None for a journal that is intact."""
    fails_at, count = chain_failure(run.lines), len(run.lines)
    if run.checkpoint is None:
        empty = run.lines.index(b"") + 1 if b"" in run.lines else None
        fails_at = empty or fails_at
        return ("altered", fails_at) if fails_at else None
    name, size, root, head = (run.checkpoint.members[member] for member in ("run", "size", "root", "head"))
    if name != run.name:
        return ("other-run", None)
    if b"" in run.lines:
        return ("altered", run.lines.index(b"") + 1)
    if count < size or not run.has_journal:
        return ("altered", fails_at) if fails_at else ("shorter", count + 1)
    if count > size and tree_root(run.lines[:size]) == root or count == size and run.rest:
        return ("longer", size + 1)
    if count == size and tree_root(run.lines) == root and run.head() == head:
        return None
    return ("altered", fails_at or max(count, 1))


def checkpoint_verdicts(run, others, trusted_keys):
    """What is said of a checkpoint by its signature and by the checkpoints of other runs."""
    index, prev = run.checkpoint.members["index"], run.checkpoint.members["prev_checkpoint"]
    before = [other.checkpoint for other in others if other.checkpoint.digest == prev]
    beside = [other for other in others if other.checkpoint.members["prev_checkpoint"] == prev]
    is_later = any(other.place() < run.place() for other in beside)
    is_cosigned = any(c.status == "trusted" and c.members["checkpoint"] == run.checkpoint.digest for c in run.cosignatures)
    if run.checkpoint.status == "forged":
        yield ("forged", None)
    elif trusted_keys and run.checkpoint.status != "trusted" and not is_cosigned:
        yield ("untrusted", None)
    if prev is not None and not before:
        yield ("gap", None)
    if is_later or any(index != other.members["index"] + 1 for other in before):
        yield ("fork", None)
    if prev is None and index != 0:
        yield ("unreadable", None)


def cosignature_verdicts(cosignature, run):
    if cosignature.status == "forged":
        yield ("forged", None)
    digest = run.checkpoint.digest if run.checkpoint else None
    if cosignature.members["checkpoint"] != digest or cosignature.members["run"] != run.name:
        yield ("elsewhere", None)


def is_checkpoint_removed(run, others):
    last = members_of(run.lines[-1]) if run.lines else {}
    if run.has_checkpoint or run.is_locked or last.get("type") != "finished" or not is_time(last.get("time")):
        return False
    started = [members_of(other.lines[0]).get("time") for other in others if other.lines]
    return any(is_text(time) and time > last["time"] for time in started)


def describe_store(store, trusted_keys):
    """All that is found of the runs, in their order, and the head of the ledger."""
    directories = [path for path in (store / "runs").glob("*") if path.is_dir()]
    runs = (read_run(directory, trusted_keys) for directory in directories)
    runs = sorted((run for run in runs if run.has_journal or run.has_checkpoint), key=Run.place)
    with_checkpoint = [run for run in runs if run.checkpoint]
    for run in runs:
        others = [other for other in with_checkpoint if other is not run]
        run.verdicts += filter(None, [journal_verdict(run)])
        if run.checkpoint:
            run.verdicts += checkpoint_verdicts(run, others, trusted_keys)
        elif trusted_keys and not run.has_checkpoint and not run.is_locked:
            run.verdicts.append(("untrusted", None))
        if is_checkpoint_removed(run, others):
            run.verdicts.append(("removed", None))
        for cosignature in run.cosignatures:
            run.verdicts += cosignature_verdicts(cosignature, run)
    newest = max(with_checkpoint, key=lambda run: (run.checkpoint.members["index"], run.place()), default=None)
    return {"runs": [run.describe() for run in runs], "ledger_head": newest.checkpoint.digest if newest else None}


def describe_proof(data, trusted_keys):
    """Whether a proof document shows that its line is in the journal of its checkpoint, and who vouches for it."""
    try:
        proof = parse_json(data)
        envelope = canonical_json(proof["checkpoint"]) + b"\n"
        checkpoint = read_envelope(envelope, CHECKPOINT_TYPE, CHECKPOINT_MEMBERS, trusted_keys)
    except (*UNREADABLE, KeyError, TypeError):
        return {"holds": False, "checkpoint": None}
    return {"holds": proof_holds(proof, checkpoint.members), "checkpoint": checkpoint.describe()}


def proof_holds(proof, checkpoint):
    line, index, path = proof.get("line"), proof.get("index"), proof.get("path")
    if not is_version(proof.get("v")) or not is_text(line) or not is_number(index) or not isinstance(path, list):
        return False
    data = line.encode("utf-8", "surrogatepass")
    seq = members_of(data).get("seq")
    if not all(map(is_digest, path)) or "\n" in line or not is_number(seq) or seq != index:
        return False
    return root_from_path(leaf_hash(data), index, checkpoint["size"], map(bytes.fromhex, path)) == checkpoint["root"]


def main():
    parser = argparse.ArgumentParser(description="Reads a ledger, or a proof from one, and says whether it holds.")
    parser.add_argument("store", nargs="?", type=Path, metavar="STORE", help="the directory that has runs/")
    parser.add_argument("--proof", type=Path, metavar="FILE", help="check a proof document instead of a store")
    parser.add_argument("--trusted-key", type=Path, metavar="FILE.pub", action="append", default=[], help="in PEM")
    options = parser.parse_args()
    if (options.store is None) == (options.proof is None):
        parser.error("either STORE or --proof FILE")
    try:
        trusted_keys = dict(map(read_public_key, options.trusted_key))
        if options.proof:
            document = describe_proof(options.proof.read_bytes(), trusted_keys)
        else:
            store = options.store.resolve(strict=True)
            for key in (path.resolve() for path in options.trusted_key):
                if key.parent == store.parent or {store, store.parent / "results"} & set(key.parents):
                    raise ValueError(f"{key}: a key that lies with the data vouches for nothing")
            document = describe_store(store, trusted_keys)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    print(json.dumps(document, indent=2))


if __name__ == "__main__":
    main()
