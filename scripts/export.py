"""Make a run's weights fit to travel: `python scripts/export.py runs/stage2 --out painter --hub --onnx`."""

from __future__ import annotations

from pathlib import Path

from command_line import Parser
from common.errors import UserError, run_command
from common.hub import push, require_hub
from stage2.exporting import ExportOptions, export_run


def main() -> None:
    parser = Parser(description="Write an export of a run: weights, a model card, ONNX graphs.")
    parser.add_argument("run", type=Path, help="run or export of either stage")
    parser.add_argument("--out", type=Path, required=True, help="folder for the export")
    parser.add_argument(
        "--best", action="store_true", help="the run's weights of the best FID on the validation split, not its newest"
    )
    parser.add_argument("--half", action="store_true", help="store weights in half precision, in half the space")
    parser.add_argument("--onnx", action="store_true", help="write one checked ONNX graph for each resolution as well")
    parser.add_argument("--hub", action="store_true", help="write the hub's model card and a sheet of samples as well")
    parser.add_argument("--license", help="for the card: the hub's identifier of a licence (default: none stated)")
    parser.add_argument("--report", type=Path, help="for the card: report.json of scripts/evaluate.py")
    parser.add_argument("--push-to-hub", metavar="OWNER/NAME", help="upload with the card; private where it is new")
    parser.add_argument("--overwrite", action="store_true", help="replace an export that is there")
    arguments = parser.parse_args()
    card = arguments.hub or arguments.push_to_hub is not None
    if not card and (arguments.license or arguments.report):
        raise UserError("--license and --report are for the model card; add --hub, or leave them out")
    if arguments.push_to_hub is not None:
        require_hub(arguments.push_to_hub)
    options = ExportOptions(
        best=arguments.best,
        half=arguments.half,
        onnx=arguments.onnx,
        card=card,
        license=arguments.license,
        report=arguments.report,
        overwrite=arguments.overwrite,
    )
    exported = export_run(arguments.run, arguments.out, options)
    if exported.moved is not None:
        print(f"half precision moves a colour by at most {exported.moved:.2f} of 255")
    for graph in exported.graphs:
        print(f"{graph.path}: {graph.num_bytes / 2**20:.1f} MB, at most {graph.difference:.1e} from PyTorch's pictures")
    print(arguments.out)
    if arguments.push_to_hub is not None:
        print(push(arguments.out, arguments.push_to_hub))


if __name__ == "__main__":
    run_command(main)
