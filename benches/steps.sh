#!/usr/bin/env bash
# Training steps beside PyTorch's, in one run: torch as usual and at its best settings, its allocator tuned as ours is.
#   benches/steps.sh [NAME…]      PYTHON names an interpreter with torch and torchvision; STEPS how many steps;
#                                 DIFFAUGMENT a checkout's DiffAugment-stylegan2-pytorch, for stylegan2;
#                                 HILUM_BENCH_HISTORY=1 appends medians to benches/history.jsonl
set -euo pipefail
cd "$(dirname "$0")/.."
export MALLOC_MMAP_THRESHOLD_=2147483647 MALLOC_TRIM_THRESHOLD_=2147483647 MALLOC_TOP_PAD_=67108864
names=("$@"); [ $# -gt 0 ] || names=(dcgan cyclegan pix2pix stylegan2 resnet50 densenet121 vgg16)
python=${PYTHON:-python3}; steps=${STEPS:-5}
cargo bench --no-run --bench steps 2> /dev/null
ours() { cargo bench --quiet --bench steps -- "$1" "$steps"; }
theirs() { "$python" benches/steps.py "$1" "$steps" "${@:2}" ${DIFFAUGMENT:+--diffaugment "$DIFFAUGMENT"} 2> /dev/null; }
rows=$(mktemp); trap 'rm -f "$rows"' EXIT
# The median of a column of the rows of one program: 3 are milliseconds, 5 MiB, counted from the name of the step.
median() { sed -n "s/^$1  *\($name ms .*\)/\1/p" "$rows" | awk -v column="$2" '{ print $column }' | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
for name in "${names[@]}"; do
  for _ in $(seq "${ROUNDS:-2}"); do
    echo "hilum       $(ours "$name")"
    echo "torch       $(theirs "$name")"
    echo "torch, best $(theirs "$name" --best)"
  done | tee "$rows"
  if [ -n "${HILUM_BENCH_HISTORY:-}" ]; then
    torch="torch $("$python" -c 'import torch; print(torch.__version__.split("+")[0])')"
    "$python" benches/history.py "steps/$name" ms "$(median hilum 3)" "$torch=$(median torch 3)" "$torch, best=$(median "torch, best" 3)"
    "$python" benches/history.py "steps/$name/memory" MiB "$(median hilum 5)" "$torch=$(median torch 5)"
  fi
done
