#!/usr/bin/env bash
# Importing 20,000 images of 50 kB: first and second time, against b3sum and a walk with stat.
#   benches/ingest.sh [FILES]     needs b3sum; HILUM names the program;
#                                 HILUM_BENCH_HISTORY=1 appends medians to benches/history.jsonl
set -euo pipefail
n=${1:-20000}
hilum=$(realpath "${HILUM:-$(dirname "$0")/../target/release/hilum}")
benches=$(realpath "$(dirname "$0")")
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
mkdir -p images/a
python3 - "$n" <<'P'
import struct, sys, zlib, os
side = 223
def chunk(kind, data): return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
for i in range(int(sys.argv[1])):
    rows = os.urandom(side * side)
    raw = b"".join(b"\0" + rows[r * side:(r + 1) * side] for r in range(side))
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(raw, 0)) + chunk(b"IEND", b"")
    open(f"images/a/{i:05}.png", "wb").write(png)
P
printf 'study: ingest\nstages:\n  images:\n    stage: import\n    with: { images: images }\n' > study.yaml
find images -type f -exec cat {} + > /dev/null      # all in the page cache
seconds() { local a b; a=$(date +%s%N); "$@" > /dev/null 2>&1; b=$(date +%s%N); awk "BEGIN { print ($b - $a) / 1e9 }"; }
for _ in 1 2 3 4 5; do
  rm -rf .hilum .hilum-private results
  sleep 0.1                                          # times must settle before a memo may trust them
  sum=$(seconds sh -c 'find images -type f -print0 | xargs -0 b3sum')
  first=$(seconds "$hilum" run study.yaml)
  walk=$(seconds find images -type f -printf '%s %T@ %C@ %i\n')
  second=$(seconds "$hilum" run study.yaml)
  echo "$sum $first $walk $second" >> rounds
  echo "$sum $first $walk $second" | awk '{ printf "b3sum %.3f  first %.3f (%.2f x)   walk %.3f  second %.3f (%.2f x)\n", $1, $2, $2 / $1, $3, $4, $4 / $3 }'
done
if [ -n "${HILUM_BENCH_HISTORY:-}" ]; then
  median() { awk -v column="$1" '{ print $column }' rounds | sort -n | sed -n 3p; }
  python3 "$benches/history.py" ingest/first s "$(median 2)" "b3sum=$(median 1)"
  python3 "$benches/history.py" ingest/second s "$(median 4)" "find=$(median 3)"
fi
