"""Export a run's weights: `python scripts/export.py runs/stage2 --out painter --hub --onnx`."""

from __future__ import annotations

from pathlib import Path

from command_line import Parser
from common.errors import UserError, run_command
from stage2.sharing.exporting import export_run, push, require_hub


def main() -> None:
    parser = Parser(description="Export a run: weights, and on request a model card and ONNX graphs.")
    parser.add_argument("run", type=Path, help="run or export of either stage")
    parser.add_argument("--out", type=Path, required=True, help="folder of the export")
    parser.add_argument(
        "--best", action="store_true", help="export the weights with the best validation FID, not the newest"
    )
    parser.add_argument("--half", action="store_true", help="store the weights in half precision: half the size")
    parser.add_argument("--onnx", action="store_true", help="also write and check an ONNX graph for each resolution")
    parser.add_argument("--hub", action="store_true", help="also write a model card for the hub and a sheet of samples")
    parser.add_argument(
        "--space",
        action="store_true",
        help="make a folder that runs as a Space on the hub: the studio with these weights",
    )
    parser.add_argument("--license", help="for the card: the hub's identifier of a licence (default: none)")
    parser.add_argument("--report", type=Path, help="for the card: report.json of scripts/evaluate.py")
    parser.add_argument(
        "--push-to-hub",
        metavar="OWNER/NAME",
        help="also write the card and upload everything to the Hugging Face hub; a new model or Space is private",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace an existing export")
    arguments = parser.parse_args()
    card = arguments.hub or (arguments.push_to_hub is not None and not arguments.space)
    if not card and (arguments.report or (arguments.license and not arguments.space)):
        raise UserError("--license and --report need a model card; add --hub, or leave them out")
    if arguments.push_to_hub is not None:
        require_hub(arguments.push_to_hub)
    names = ("best", "half", "onnx", "license", "report", "space", "overwrite")
    options = {name: getattr(arguments, name) for name in names}
    graphs = export_run(arguments.run, arguments.out, card=card, **options)
    for path, difference in graphs.items():
        size = path.stat().st_size / 2**20
        print(f"{path}: {size:.1f} MB, differs from PyTorch by at most {difference:.1e}")
    print(arguments.out)
    if arguments.push_to_hub is not None:
        print(push(arguments.out, arguments.push_to_hub, space=arguments.space))


if __name__ == "__main__":
    run_command(main)
