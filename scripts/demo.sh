#!/usr/bin/env bash
# Run everything in minutes: draw a procedural dataset, train both stages briefly, evaluate them, and paint portraits and
# a sheet of every genre in every style. Results go to ./demo; a second run continues where the first stopped.
set -euo pipefail
source "$(dirname "$0")/environment.sh" evaluation
started=$SECONDS
out=demo
[ -f $out/data/dataset.json ] || python scripts/prepare_data.py procedural --count 2400 --out $out/data --overwrite
# The preset takes an hour; these settings shorten it to minutes.
python scripts/train_stage1.py --preset small --data $out/data --out $out/stage1 --resume --set training.steps=180 \
  training.pretraining_steps=20 training.label_steps=15 training.average_halflife=40 logging.fid_every=0
python scripts/train_stage2.py --preset tiny --data $out/data --stage1 $out/stage1 --out $out/stage2 --resume
python scripts/evaluate.py run $out/stage2 --data $out/data --samples 300 --quick --out $out/report
python scripts/generate.py --weights $out/stage2 --genre portrait --style renaissance --count 8 --grid --out $out --overwrite
python scripts/generate.py --weights $out/stage2 --sheet --out $out --overwrite
echo "done in $((SECONDS - started)) s; see $out"
