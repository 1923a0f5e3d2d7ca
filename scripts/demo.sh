#!/usr/bin/env bash
# Run everything in minutes: draw a procedural dataset, train both stages briefly, evaluate them, and paint portraits and
# a sheet of every genre in every style. Results go to ./demo; a second run continues where the first stopped.
set -euo pipefail
source "$(dirname "$0")/environment.sh" evaluation
started=$SECONDS
out=demo
[ -f $out/data/dataset.json ] || python scripts/prepare_data.py procedural --count 1200 --out $out/data --overwrite
python scripts/train_stage1.py --preset demo --data $out/data --out $out/stage1 --resume
python scripts/train_stage2.py --preset demo --data $out/data --stage1 $out/stage1 --out $out/stage2 --resume
python scripts/evaluate.py run $out/stage2 --data $out/data --samples 200 --quick --out $out/report
python scripts/generate.py --weights $out/stage2 --genre portrait --style renaissance --count 8 --grid --out $out --overwrite
python scripts/explore.py sheet --weights $out/stage2 --out $out --overwrite
echo "done in $((SECONDS - started)) s; see $out"
