#!/usr/bin/env bash
# A training step of the DCGAN of 64 px, against PyTorch in the same run, with its allocator tuned as ours is.
#   benches/dcgan.sh [BATCH]      PYTHON names an interpreter with torch; HILUM names the program
set -euo pipefail
batch=${1:-32}
here=$(cd "$(dirname "$0")" && pwd)
hilum=$(realpath "${HILUM:-$here/../target/release/hilum}")
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
export MALLOC_MMAP_THRESHOLD_=2147483647 MALLOC_TRIM_THRESHOLD_=2147483647 MALLOC_TOP_PAD_=67108864
cat > study.yaml <<Y
study: bench
seed: 1
stages:
  films: { stage: phantoms, with: { size: 64, classes: { covid: { films: 200 } } } }
  pixels: { stage: prepare, in: { samples: films }, with: { size: 64 } }
  gan: { stage: train-gan, in: { samples: films, images: pixels }, with: { network: { dcgan: { size: 64 } }, batch: $batch, steps: 10 } }
Y
seconds() { "$hilum" run study.yaml --set stages.gan.with.steps="$1" --json 2> /dev/null | grep '"done"' | grep '"gan"' | grep -o '"millis":[0-9]*' | cut -d: -f2; }
for _ in 1 2; do
  # What starting costs is in both: the difference is steps alone.
  short=$(seconds 10); long=$(seconds 40)
  echo "hilum: $(((long - short) / 30)) ms a step"
  rm -rf .hilum results
  "${PYTHON:-python3}" "$here/dcgan.py" "$(nproc)" "$batch"
done
