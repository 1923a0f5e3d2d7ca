#!/usr/bin/env bash
# The whole thread in minutes, from nothing: paintings that the program makes, both stages trained small,
# their figures, and every genre in every style. Results in ./demo; a second run goes on where the first stopped.
set -euo pipefail
source "$(dirname "$0")/environment.sh" evaluation
started=$SECONDS
out=demo
[ -f $out/data/dataset.json ] || python scripts/prepare_data.py procedural --count 2400 --out $out/data --overwrite
python scripts/train_stage1.py --preset tiny --data $out/data --out $out/stage1 --resume
python scripts/train_stage2.py --preset tiny --data $out/data --stage1 $out/stage1 --out $out/stage2 --resume
python scripts/evaluate.py $out/stage2 --data $out/data --samples 300 --quick --out $out/report
python scripts/generate.py --weights $out/stage2 --genre portrait --style renaissance --count 8 --grid --out $out --overwrite
python scripts/generate.py --weights $out/stage2 --sheet --out $out --overwrite
echo "done in $((SECONDS - started)) s; look into $out"
