#!/usr/bin/env bash
# A study with nothing to do, against ninja on the same graph: layers of 100 stages over one table of ten images.
#   benches/noop.sh [STAGES]      needs ninja; HILUM names the program (default target/release/hilum);
#                                 HILUM_BENCH_HISTORY=1 appends the medians to benches/history.jsonl
set -euo pipefail
n=${1:-1000}
hilum=$(realpath "${HILUM:-$(dirname "$0")/../target/release/hilum}")
benches=$(realpath "$(dirname "$0")")
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
{
  echo "study: noop"; echo "seed: 1"; echo "stages:"
  echo "  images:"; echo "    stage: phantoms"; echo "    with: { size: 16, classes: { a: { images: 5 }, b: { images: 5 } } }"
  for ((i = 0; i < n; i++)); do
    if ((i < 100)); then from=images; else from="s$((i - 100))"; fi
    printf '  s%d:\n    stage: undersample\n    seed: %d\n    in: { samples: %s }\n' "$i" "$i" "$from"
  done
} > study.yaml
{
  echo "rule touch"; echo "  command = touch \$out"
  echo "build images: touch"
  for ((i = 0; i < n; i++)); do
    if ((i < 100)); then from=images; else from="s$((i - 100))"; fi
    echo "build s$i: touch $from"
  done
} > build.ninja
ninja > /dev/null
"$hilum" run study.yaml > /dev/null 2> first.txt
tail -n 2 first.txt | head -n 1
milliseconds() { local a b; a=$(date +%s%N); "$@" > /dev/null 2>&1; b=$(date +%s%N); echo $(((b - a) / 1000)); }
read -r ours theirs < <(for _ in 1 2 3 4 5 6 7; do echo "$(milliseconds "$hilum" run study.yaml) $(milliseconds ninja)"; done | sort -n |
  awk '{ h[NR] = $1; m[NR] = $2 } END { at = int((NR + 1) / 2); print h[at] / 1000, m[at] / 1000 }')
echo "hilum median $ours ms; ninja beside it $theirs ms"
[ -z "${HILUM_BENCH_HISTORY:-}" ] || python3 "$benches/history.py" "noop/$n" ms "$ours" "ninja=$theirs"
"$hilum" run study.yaml --json | tail -n 1
