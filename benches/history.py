"""Appends a figure to benches/history.jsonl, the history of what was measured.

    python benches/history.py BENCH UNIT VALUE [PROGRAM=VALUE…]
    python benches/history.py noop/1000 ms 16.9 ninja=6.1

`benches/{steps,noop,ingest}.sh` call it where HILUM_BENCH_HISTORY=1. One JSON object on a line:

    date, commit   of the measurement, and of what was measured: a tree with changes is refused
    machine        its class, such as `2 cores x86-64 AVX-512`; never the name of a host
    bench          the file below benches, and which of its figures
    unit, value    ms, s, MiB, images/s, %
    beside         what other programs took in the same run, by name and version
    ratio          value through the least of `beside`; null where there is none

Machines are noisy: compare ratios, which come from one run, and values only with those beside them."""

import datetime
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def git(*arguments):
    return subprocess.run(["git", *arguments], cwd=HERE, check=True, capture_output=True, text=True).stdout.strip()


def machine():
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    kind = {"x86_64": "x86-64", "AMD64": "x86-64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    info = Path("/proc/cpuinfo").read_text().split() if Path("/proc/cpuinfo").exists() else []
    vectors = next((name for flag, name in (("avx512f", " AVX-512"), ("avx2", " AVX2")) if flag in info), "")
    return f"{cores} core{'s' if cores > 1 else ''} {kind}{vectors}"


def number(text):
    value = float(text)
    return int(value) if value.is_integer() else value


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    bench, unit, value, *others = sys.argv[1:]
    if git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!history.jsonl", "../src", "../stages", "../cache", "../Cargo.lock"):
        sys.exit("commit first: a figure belongs to a commit")
    beside = {program: number(taken) for program, taken in (other.rsplit("=", 1) for other in others)}
    line = {"date": datetime.date.today().isoformat(), "commit": git("rev-parse", "--short=7", "HEAD"), "machine": machine()}
    line |= {"bench": bench, "unit": unit, "value": number(value), "beside": beside}
    line["ratio"] = round(number(value) / min(beside.values()), 2) if beside else None
    with open(HERE / "history.jsonl", "a") as history:
        history.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
