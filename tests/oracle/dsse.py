"""Envelopes of a store or an export, checked by other people's programs: securesystemslib, in-toto-attestation's reader of statements where the
payload is one, and plain openssl. Every flipped bit must be refused by them, too.

    pip install "securesystemslib[crypto]==1.6.0" in-toto-attestation==0.9.3
    python tests/oracle/dsse.py STORE-OR-EXPORT KEY.pub [FLIPS]

Prints what was accepted, and how many of so many random flips of one bit each in payload, type or signature were refused. A flip is
of the bytes that the fields of the envelope hold: base 64 has spellings that only a strict reader, as hilum's, tells apart.
"""

import base64
import copy
import json
import pathlib
import random
import subprocess
import sys
import tempfile

from cryptography.hazmat.primitives.serialization import load_pem_public_key
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey


def by_securesystemslib(envelope, key):
    try:
        Envelope.from_dict(copy.deepcopy(envelope)).verify([key], 1)
        return True
    except Exception:
        return False


def by_openssl(envelope, public):
    payload, kind = base64.b64decode(envelope["payload"]), envelope["payloadType"]
    with tempfile.TemporaryDirectory() as directory:
        message, signature = (pathlib.Path(directory) / name for name in ("message", "signature"))
        message.write_bytes(b"DSSEv1 %d %s %d " % (len(kind.encode()), kind.encode(), len(payload)) + payload)
        signature.write_bytes(base64.b64decode(envelope["signatures"][0]["sig"]))
        call = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", public, "-rawin", "-in", message, "-sigfile", signature]
        return subprocess.run(call, capture_output=True).returncode == 0


def by_in_toto(envelope):
    """True for a statement that in-toto-attestation reads and finds valid; None where the payload is none."""
    if envelope["payloadType"] != "application/vnd.in-toto+json":
        return None
    from google.protobuf import json_format
    from in_toto_attestation.v1.statement import Statement

    statement = json.loads(base64.b64decode(envelope["payload"]))
    Statement.copy_from_pb(json_format.ParseDict(statement, Statement([], "", {}).pb)).validate()
    return True


def flipped(envelope, rng):
    """The envelope with one bit of payload, type or signature flipped; none where the type is no text any more."""
    field = rng.choice(["payload", "payloadType", "sig"])
    holder = envelope["signatures"][0] if field == "sig" else envelope
    data = bytearray(holder[field].encode() if field == "payloadType" else base64.b64decode(holder[field]))
    at = rng.randrange(8 * len(data))
    data[at // 8] ^= 1 << (at % 8)
    changed = copy.deepcopy(envelope)
    holder = changed["signatures"][0] if field == "sig" else changed
    try:
        holder[field] = data.decode() if field == "payloadType" else base64.b64encode(bytes(data)).decode()
    except UnicodeDecodeError:
        return None
    return changed


def main(store, public, flips=1000):
    pem = pathlib.Path(public).read_bytes()
    files = sorted(file for ending in ("dsse.json", "intoto.jsonl") for file in pathlib.Path(store).glob(f"**/*.{ending}"))
    envelopes = [(file, json.loads(file.read_text())) for file in files]
    signed = [(file, envelope) for file, envelope in envelopes if envelope["signatures"]]
    assert signed, "no envelope is signed"
    for file, envelope in signed:
        key = SSlibKey.from_crypto(load_pem_public_key(pem), keyid=envelope["signatures"][0]["keyid"])
        verdicts = (by_securesystemslib(envelope, key), by_openssl(envelope, public), by_in_toto(envelope))
        print(file.name, "securesystemslib %s, openssl %s, in-toto-attestation %s" % verdicts)
        assert all(verdict is not False for verdict in verdicts), file
    rng = random.Random(20)
    refused = {"securesystemslib": 0, "openssl": 0}
    made = 0
    while made < int(flips):
        file, envelope = rng.choice(signed)
        changed = flipped(envelope, rng)
        if changed is None:
            continue
        made += 1
        key = SSlibKey.from_crypto(load_pem_public_key(pem), keyid=envelope["signatures"][0]["keyid"])
        refused["securesystemslib"] += not by_securesystemslib(changed, key)
        refused["openssl"] += not by_openssl(changed, public)
    print(f"of {made} flipped bits refused: {refused}")
    assert set(refused.values()) == {made}


if __name__ == "__main__":
    main(*sys.argv[1:])
