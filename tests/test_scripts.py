"""The commands as users type them: what they print, what they refuse, and with which exit code."""

from __future__ import annotations

import os
import re
import shutil
import sys
import time
from pathlib import Path

import pytest
from commands import Command, helps
from hub_server import Hub
from PIL import Image
from processes import launch, start
from tiny_data import random_picture, write_collection

from common.data.dataset import PaintingDataset

ROOT = Path(__file__).parents[1]


def test_each_command_says_which_command_makes_what_it_misses(
    command: Command, stage1_run: Path, procedural_dataset: Path
) -> None:
    assert "scripts/prepare_data.py" in command.refused("train_stage1.py")
    assert "scripts/prepare_data.py" in command.refused("train_stage2.py")
    assert "scripts/train_stage2.py" in command.refused("generate.py", "--weights", "runs/stage2")
    in_a_style = ("--style", "renaissance", "--weights", stage1_run)
    assert "scripts/train_stage2.py" in command.refused("generate.py", *in_a_style)
    data = ("--data", procedural_dataset)
    assert "scripts/prepare_data.py" in command.refused("evaluate.py", "run", "runs/stage2")
    assert "scripts/train_stage2.py" in command.refused("evaluate.py", "run", "runs/stage2", *data)
    tiny = ("train_stage2.py", "--preset", "tiny", *data)
    assert "scripts/train_stage1.py" in command.refused(*tiny, "--stage1", "runs/stage1")
    # The project's weights know other genres than these pictures have.
    assert "stage1/weights" in command.refused(*tiny)


@pytest.mark.parametrize(
    ("script", "gpu", "words"),
    [
        ("train_stage1.py", True, "using --preset default, because training has a CUDA GPU\n"),
        ("train_stage1.py", False, "using --preset small, because training has no CUDA GPU\n"),
        ("train_stage2.py", True, "using --preset default-128, because training has a CUDA GPU\n"),
        ("train_stage2.py", False, "using --preset small-128, because training has no CUDA GPU\n"),
    ],
)
def test_without_a_preset_training_takes_the_one_for_the_machine_and_says_so(
    command: Command, script: str, gpu: bool, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("common.machine.trains_on_gpu", lambda: gpu)
    assert command(script)[1] == words
    preset, rule = words.split()[2].rstrip(","), "with a CUDA GPU" if gpu else "without one"
    assert f"{preset} {rule}" in " ".join(command(script, "--help")[1].split())
    assert command(script, "--preset", "tiny")[1] == ""
    monkeypatch.setenv("RANK", "1")
    assert command(script)[1] == ""


@pytest.mark.parametrize(
    "line",
    [
        "train_stage1.py --batch-size 8",
        "train_stage2.py --epochs 3",
        "prepare_data.py pictures --folders genres",
        "evaluate.py runs/stage2",
        "export.py runs/stage1",
        "benchmark.py paint",
        "generate.py --sheet",
        "explore.py vary colours",
    ],
)
def test_what_a_command_line_does_not_know_is_answered_in_one_line(command: Command, line: str) -> None:
    assert "--help lists the options" in command.refused(*line.split())


@pytest.mark.parametrize("script", sorted(path.name for path in (ROOT / "scripts").glob("*.py")))
def test_every_option_has_a_word_of_help(command: Command, script: str) -> None:
    for line in helps(command, script):
        options = re.findall(r"^  (--[\w-]+)[^\n]*\n?( {10,}\S)?", line, flags=re.MULTILINE)
        silent = [name for name, below in options if not below and not re.search(rf"^  {name}\b.*  +\S", line, re.M)]
        assert silent == []


def test_a_resumed_run_goes_on_with_its_own_settings_and_dataset_and_other_settings_are_refused_by_name(
    command: Command, stage1_run: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(stage1_run, run)
    again = ("train_stage1.py", "--out", run, "--resume")
    code, said, _ = command(*again)
    assert (code, "nothing left to do" in said, "--preset" in said) == (0, True, False)
    refused = command.refused(*again, "--preset", "gangogh")
    assert "was started with other settings: " in refused
    assert "more; leave out --preset and --set" in refused


def test_weights_of_another_stage_or_of_other_networks_are_no_start(
    command: Command, stage1_run: Path, stage2_run: Path, procedural_dataset: Path
) -> None:
    begin = ("train_stage1.py", "--data", procedural_dataset, "--out", "new", "--preset", "tiny", "--start-from")
    assert "belongs to stage 2; give a run or export of stage 1" in command.refused(*begin, stage2_run)
    assert "holds another network than these settings describe" in command.refused(*begin, stage1_run)


@pytest.mark.slow
def test_a_preparation_that_is_told_to_end_leaves_nothing(tmp_path: Path) -> None:
    arguments = ("procedural", "--count", "5000", "--workers", "1", "--out", tmp_path / "data")
    preparing = start(ROOT / "scripts" / "prepare_data.py", *arguments)
    while not (started := list(tmp_path.glob(".data.*.partial/raw-*"))) or not started[0].stat().st_size:
        time.sleep(0.1)
        assert preparing.is_alive()
    preparing.terminate()
    preparing.join(60)
    assert preparing.exitcode == 143
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere file names are Unicode")
def test_places_that_are_not_utf_8_are_prepared_from_and_into(command: Command, tmp_path: Path) -> None:
    source, out = tmp_path / os.fsdecode(b"caf\xe9"), os.fsdecode(b"donn\xe9es")
    write_collection(source, {"a.png": random_picture(0, 64, 64)}, {"a.png": ("portrait", "cubism")})
    code, printed, _ = command("prepare_data.py", source, "--out", out, "--sizes", "64", "--min-count", "1")
    assert code == 0
    assert "\n1 train, 0 validation, 0 test; 0 refused" in printed
    assert "\ndonn\N{REPLACEMENT CHARACTER}es: made in " in printed
    assert PaintingDataset(Path(out)).description.source == "caf\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize(
    ("options", "out"),
    [
        ("pictures --out pictures/data", "pictures/data"),
        ("pictures --out pictures --overwrite", "pictures"),
        (". --folders genre", "data"),
        ("link --out pictures/inner/data", "pictures/inner/data"),
        ("data/features --out data --overwrite", "data"),
        ("wikiart.org --downloads data/downloads", "data"),
    ],
)
def test_preparation_refuses_a_dataset_among_what_it_reads(
    command: Command, tmp_path: Path, options: str, out: str
) -> None:
    (tmp_path / "pictures" / "inner").mkdir(parents=True)
    (tmp_path / "link").symlink_to("pictures")
    (tmp_path / "data" / "features").mkdir(parents=True)
    assert f"--out {out} and {tmp_path}" in command.refused("prepare_data.py", *options.split())
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["data", "features", "inner", "link", "pictures"]


@pytest.mark.parametrize(
    "options",
    [
        "--folders genre --label style",
        "procedural --class-names names.txt",
        "pictures.zip --follow-links",
        "--scheduler tcp://here:1 --workers 77",
    ],
)
def test_an_option_that_nothing_would_read_is_refused(command: Command, options: str) -> None:
    place = [] if options.startswith("p") else ["pictures"]
    assert "alone; leave it out" in command.refused("prepare_data.py", *place, *options.split())


def test_levels_of_folders_may_begin_with_one_that_means_nothing(command: Command, tmp_path: Path) -> None:
    for number, style in enumerate(("cubism", "rococo") * 2):
        (tmp_path / "pictures" / "mine" / style).mkdir(parents=True, exist_ok=True)
        random_picture(number, 64, 64).save(tmp_path / "pictures" / "mine" / style / f"{number}.png")
    assert command("prepare_data.py", "pictures", "--folders", "-/style", "--sizes", "64")[0] == 0
    assert PaintingDataset(Path("data")).vocabulary.styles == {"cubism": 2, "rococo": 2}


@pytest.mark.parametrize("option", ["--max-aspect nan", "--max-aspect -3", "--pause nan"])
def test_a_number_that_refuses_every_picture_or_never_waits_is_refused(command: Command, option: str) -> None:
    assert "is too low" in command.refused("prepare_data.py", "wikiart.org", *option.split())


def test_the_help_of_preparation_says_what_holds_where_nothing_is_given(command: Command) -> None:
    _, described, _ = command("prepare_data.py", "--help")
    options = re.split(r"\n  (?=--)", described)
    valued = [option for option in options if re.match(r"--[a-z-]+ [A-Z{]", option)]
    silent = [option.split()[0] for option in valued if "(default: " not in " ".join(option.split())]
    assert silent == ["--folders", "--wikiart-lists", "--class-names"]


def test_misspelt_settings_are_refused_all_at_once_with_the_nearest_names(
    command: Command, procedural_dataset: Path
) -> None:
    data = ("--data", procedural_dataset)
    assert "did you mean 'batch_size'" in command.refused("train_stage1.py", *data, "--set", "training.batchsize=4")
    assert "did you mean 'default'" in command.refused("train_stage1.py", *data, "--preset", "defualt")
    line = command.refused("train_stage1.py", *data, "--set", "training.steps=few", "--set", "training.flip=3")
    assert "training.steps" in line
    assert "training.flip" in line


def test_without_a_run_the_weights_of_the_project_paint_with_their_history(command: Command) -> None:
    code, printed, _ = command("generate.py", "--genre", "portrait", "--style", "renaissance", "--count", "2")
    assert code == 0
    assert printed.splitlines() == [str(Path("paintings") / f"portrait_renaissance_{seed}.png") for seed in (0, 1)]
    with Image.open(printed.splitlines()[1]) as picture:
        assert (picture.size, picture.info["seed"]) == ((256, 256), "1")


def test_what_weights_know_is_listed(
    command: Command, stage1_run: Path, stage2_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, small, _ = command("generate.py", "--list", "--weights", stage1_run)
    large = command("generate.py", "--list", "--weights", stage2_run)[1]
    assert code == 0
    assert "portrait" in small.splitlines()[0]
    assert small.splitlines()[1:] == ["styles: none without stage II", "families of styles: none", "resolutions: 64"]
    assert "renaissance" in large.splitlines()[1]
    assert large.splitlines()[3] == "resolutions: 64, 128"
    monkeypatch.setenv("RANK", "1")
    assert command("generate.py", "--list", "--weights", stage1_run)[1] == ""


def test_sheets_are_one_file(command: Command, stage2_run: Path) -> None:
    assert command("explore.py", "sheet", "--weights", stage2_run)[0] == 0
    assert command("generate.py", "--weights", stage2_run, "--grid", "--count", "9")[0] == 0
    with Image.open("paintings/sheet_0.png") as sheet, Image.open("paintings/any_any_0-8_grid.png") as grid:
        assert sheet.width > 6 * 128
        assert sheet.height > 6 * 128
        assert grid.height > 2 * 128


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("generate.py --genre portait", "did you mean 'portrait'"),
        ("generate.py --device gpu", "has no device 'gpu'"),
        ("generate.py --grid --count 1000000000", "1000000000 pictures are too many for memory"),
        ("generate.py --again a.png --seed 1", "--seed cannot be combined with --again"),
        ("generate.py --curate 3 --count 3", "argument --count: not allowed with argument --curate"),
        ("generate.py --again a.png --grid", "--grid cannot be combined with --again"),
        ("generate.py --by-label --curate 2", "--by-label cannot be combined with --curate"),
        ("generate.py --by-label --grid", "--by-label cannot be combined with --grid"),
        ("generate.py --curate 200000000 --from 2", "200000000 pictures are too many for memory"),
        ("explore.py vary noise --count 100000000", "100000000 is too high"),
        ("generate.py --curate 16 --from 4", "16 of 4 pictures cannot be kept"),
        ("generate.py --from 4", "need --curate"),
        ("generate.py --seeds 3-1", "seeds '3-1' cannot be read"),
        ("generate.py --seeds 3 --seed 4", "--seed cannot be combined with --seeds"),
        ("generate.py --format gif", "choose from"),
        ("generate.py --count 0", "0 is too low; give 1 or more"),
        ("generate.py --out - --count 2", "is one file, but there are 2 pictures"),
        ("generate.py --again nowhere.png", "nowhere.png is not a readable picture"),
        ("generate.py --requests nowhere.csv", "nowhere.csv: No such file or directory"),
        ("explore.py sheet --genre portrait", "unrecognized arguments: --genre portrait"),
        ("explore.py vary noise --among cubism", "unrecognized arguments: --among cubism"),
        ("explore.py vary styles --resolution 64", "know no styles at this resolution"),
        ("explore.py nearest --data nowhere", "scripts/prepare_data.py"),
        ("explore.py walk genres --stops 3", "unrecognized arguments: --stops 3"),
        ("explore.py walk seeds --fps 0", "0 is too low"),
        ("explore.py walk seeds --format png", "choose from"),
    ],
)
def test_impossible_paintings_are_refused_in_one_line_before_the_work(
    command: Command, stage2_run: Path, line: str, message: str
) -> None:
    assert message in command.refused(*line.split(), "--weights", stage2_run)
    assert not list(Path().iterdir())


@pytest.mark.parametrize(
    "line",
    [
        "run r --seed -1",
        "run r --samples 0",
        "run r --samples 9999999999999",
        "images f --samples -3",
        "images f --seed x",
    ],
)
def test_numbers_that_measure_nothing_are_refused(command: Command, line: str) -> None:
    assert line.split()[-2] in command.refused("evaluate.py", *line.split())


@pytest.mark.parametrize(
    ("rows", "message"),
    [("genre\n", "no pictures are requested"), ("genre,count\nany,2\nportrait,0\n", "rows.csv line 3: count: ")],
)
@pytest.mark.parametrize("sheet", [(), ("--grid",)])
def test_requests_that_ask_for_nothing_are_refused(
    command: Command, stage2_run: Path, rows: str, message: str, sheet: tuple[str, ...]
) -> None:
    Path("rows.csv").write_text(rows)
    assert message in command.refused("generate.py", "--weights", stage2_run, "--requests", "rows.csv", *sheet)
    assert [path.name for path in Path().iterdir()] == ["rows.csv"]


def test_a_picture_painted_again_is_the_same_to_the_pixel(command: Command, stage2_run: Path, stage1_run: Path) -> None:
    assert command("generate.py", "--weights", stage2_run, "--count", "5", "--truncation", "0.7")[0] == 0
    picture = Path("paintings") / "any_any_3_t0.7.png"
    code, printed, _ = command("generate.py", "--weights", stage2_run, "--again", picture)
    assert code == 0
    with Image.open(picture) as first, Image.open(printed.strip()) as again:
        assert first.tobytes() == again.tobytes()
        assert first.info == again.info
    line = command.refused("generate.py", "--weights", stage1_run, "--again", picture, "--overwrite")
    assert "choose the run or export that painted it" in line


def test_requests_go_on_where_they_stopped(command: Command, stage2_run: Path) -> None:
    Path("some.csv").write_text("genre,style,seed,count\nportrait,cubism,5,3\nmarina,,,\n")
    arguments = ("generate.py", "--weights", stage2_run, "--requests", "some.csv", "--by-label", "--format", "webp")
    assert len(command(*arguments)[1].splitlines()) == 4
    Path("paintings/portrait/cubism/portrait_cubism_6.webp").unlink()
    code, printed, errors = command(*arguments)
    assert (code, printed.splitlines()) == (0, [str(Path("paintings/portrait/cubism/portrait_cubism_6.webp"))])
    assert errors.strip() == "skipped because they exist: 3 (replace them with --overwrite)"
    Path("some.csv").write_text("genre\nportrat\n")
    said = command.refused(*arguments)
    assert said.startswith("error: some.csv line 2: ")
    assert "did you mean 'portrait'" in said
    assert command.refused(*arguments[:-3], "--grid").startswith("error: some.csv line 2: ")


def test_curated_varied_and_walked_pictures_lie_where_the_command_says(command: Command, stage2_run: Path) -> None:
    weights = ("--weights", stage2_run)
    printed = command("generate.py", *weights, "--genre", "portrait", "--curate", "2", "--from", "6", "--variety")[1]
    assert printed.splitlines() == [str(Path("paintings") / f"portrait_any_0-5_best0{rank}.png") for rank in (1, 2)]
    with Image.open(printed.splitlines()[0]) as picture:
        assert picture.info["rank"].endswith("of 6")
        assert float(picture.info["genre_probability"]) > 0
    small = ("generate.py", *weights, "--resolution", "64", "--seeds", "0,3,7-8")
    assert command(*small)[1].split() == [f"paintings/any_any_{seed}_64px.png" for seed in (0, 3, 7, 8)]
    assert command(*small, "--grid")[1].strip() == "paintings/any_any_0_3_7-8_grid.png"
    vary, walk = (("explore.py", name) for name in ("vary", "walk"))
    assert len(command(*vary, "styles", *weights, "--among", "cubism", "ukiyo-e")[1].splitlines()) == 2
    assert command(*vary, "noise", *weights, "--count", "3", "--grid")[1].strip().endswith("_noise_grid.png")
    sheet = command(*vary, "styles", *weights, "--genre", "Portrait", "--grid")[1].strip()
    assert sheet == str(Path("paintings") / "portrait_any_0_styles_grid.png")
    assert (
        command(*walk, "seeds", *weights, "--frames", "8", "--resolution", "64", "--out", "walk.webp")[1].strip()
        == "walk.webp"
    )
    with Image.open("walk.webp") as walked:
        assert (walked.n_frames, walked.size) == (8, (64, 64))


@pytest.mark.slow
def test_a_pipe_gets_the_picture_and_processes_divide_the_pictures(stage2_run: Path, tmp_path: Path) -> None:
    paint = (ROOT / "scripts" / "generate.py", "--weights", stage2_run, "--resolution", "64", "--out")
    start(*paint, "-", out=tmp_path / "piped").join()
    with Image.open(tmp_path / "piped") as picture:
        assert picture.size == (64, 64)
    printed = launch(2, *paint, tmp_path / "two", "--count", "7").split()
    assert sorted(printed) == sorted(str(path) for path in (tmp_path / "two").iterdir())
    assert len(printed) == 7


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["1", "2"])
def test_the_benchmark_measures_a_training_step_and_loading_its_batches(stage: str, procedural_dataset: Path) -> None:
    options = ("--stage", stage, "--preset", "tiny", "--data", procedural_dataset, "--seconds", "0.01")
    printed = launch(1, ROOT / "scripts" / "benchmark.py", "train", *options, "--set", "training.precision=float32")
    machine, step, *loading, memory = printed.splitlines()[-7:]
    assert re.fullmatch(r"CPU, 1 threads, float32, batch \d+, 1 critic updates a step; median of 3 rounds", machine)
    assert re.fullmatch(r"training step +\d+\.\d\d images/s, 1\.00 x training step", step)
    assert [line.split()[2] for line in loading] == ["auto", "disk", "memory", "device"]
    assert memory.endswith("GB")


@pytest.mark.slow
def test_the_benchmark_runs_training_with_more_of_everything() -> None:
    more = ("--processes", "1", "2", "--batches", "8", "16", "--paintings", "200", "300", "--steps", "2")
    printed = launch(1, ROOT / "scripts" / "benchmark.py", "scale", "--preset", "tiny", *more)
    heading, *rows = printed.splitlines()[-5:]
    assert heading.split() == ["processes", "batch", "paintings", "images/s", "memory", "GB", "start", "s"]
    varied = [tuple(map(int, row.split()[:3])) for row in rows]
    assert varied == [(1, 8, 200), (2, 8, 200), (1, 16, 200), (1, 8, 300)]
    assert all(float(figure) > 0 for row in rows for figure in row.split()[3:])


def test_a_run_that_fails_ends_the_benchmark(command: Command) -> None:
    one = ("--processes", "1", "--batches", "10", "--paintings", "200", "--steps", "2", "--preset", "gangogh")
    assert "loss.penalty_every" in command.refused("benchmark.py", "scale", *one, "--set", "loss.penalty_every=4")


def test_an_export_travels_and_paints(command: Command, stage2_run: Path) -> None:
    code, printed, _ = command("export.py", stage2_run, "--out", "painter", "--half", "--hub", "--license", "cc0-1.0")
    assert code == 0
    assert printed == "painter\n"
    assert Path("painter/README.md").read_text(encoding="utf-8").startswith("---\nlicense: cc0-1.0\n")
    assert command("generate.py", "--weights", "painter", "--genre", "portrait")[0] == 0


@pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
def test_an_export_is_pushed_to_the_hub_with_its_card(command: Command, stage2_run: Path, hub: Hub) -> None:
    code, printed, _ = command("export.py", stage2_run, "--out", "painter", "--push-to-hub", "owner/name")
    assert code == 0
    assert printed.splitlines()[-1] == f"{hub.address}/owner/name"
    files = {path.relative_to("painter").as_posix(): path for path in Path("painter").rglob("*") if path.is_file()}
    assert {"README.md", "generator.safetensors", "stage1/generator.safetensors"} <= set(files)
    assert hub.repository == {name: path.read_bytes() for name, path in files.items()}


@pytest.mark.slow
def test_an_export_with_graphs_says_how_large_and_how_near_they_are(command: Command, stage1_run: Path) -> None:
    code, printed, _ = command("export.py", stage1_run, "--out", "painter", "--onnx")
    assert code == 0
    graph, _ = printed.splitlines()
    assert re.fullmatch(r"painter/painter-64\.onnx: \d+\.\d MB, differs from PyTorch by at most \d\.\de-\d\d", graph)
    assert Path("painter/painter-64.onnx").is_file()


def test_exports_that_cannot_be_made_are_refused(
    command: Command, stage2_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    assert "scripts/train_stage2.py" in command.refused("export.py", "runs/stage2", "--out", "painter")
    assert "fid_every" in command.refused("export.py", stage2_run, "--out", "painter", "--best")
    assert "add --hub" in command.refused("export.py", stage2_run, "--out", "painter", "--license", "mit")
    assert "hf auth login" in command.refused("export.py", stage2_run, "--out", "painter", "--push-to-hub", "a/b")
    Path("file").touch()
    assert "file is a file; choose a folder" in command.refused("export.py", stage2_run, "--out", "file")
    Path("painter").mkdir()
    Path("painter/mine").touch()
    assert "holds mine, which is not part of an export" in command.refused(
        "export.py", stage2_run, "--out", "painter", "--overwrite"
    )
    assert [path.name for path in Path("painter").iterdir()] == ["mine"]


@pytest.mark.slow
def test_the_benchmark_measures_painting_with_a_presets_networks() -> None:
    options = ("--stage", "2", "--preset", "tiny", "--batches", "1", "--seconds", "0.01")
    printed = launch(1, ROOT / "scripts" / "benchmark.py", "generate", *options)
    small, large, files, first, memory, plain, *_, compiled = printed.splitlines()[1:]
    assert re.fullmatch(r"64 pixels, batch 1 +\d+\.\d\d images/s, 1\.00 x 64 pixels, batch 1", small)
    assert re.fullmatch(r"memory \d\.\d\d GB", memory)
    assert re.fullmatch(r"128 pixels, batch 1 +\d+\.\d\d images/s, \d+\.\d\d x 64 pixels, batch 1", large)
    assert files.startswith("to PNG files")
    assert re.fullmatch(r"one by generate\.py +\d+\.\d\d images/s, \d\.\d\d x 64 pixels, batch 1", first)
    assert plain.endswith("1.00 x networks alone")
    assert re.fullmatch(r"torch\.compile +\d+\.\d\d images/s, \d+\.\d\d x networks alone", compiled)


def test_the_benchmark_refuses_what_it_cannot_paint(command: Command, stage2_run: Path) -> None:
    weights = ("--weights", stage2_run)
    assert "leave out --preset" in command.refused("benchmark.py", "generate", *weights, "--preset", "tiny")
    assert "0 is too low" in command.refused("benchmark.py", "generate", *weights, "--batches", "0")
    assert "give a number above 0" in command.refused("benchmark.py", "generate", *weights, "--seconds", "0")
    assert "scripts/train_stage2.py" in command.refused("benchmark.py", "generate", "--weights", "nowhere")


@pytest.mark.parametrize(("option", "source"), [("--count", "procedural"), ("--per-genre", "wikiart.org")])
def test_an_option_of_another_source_is_refused(command: Command, collection: Path, option: str, source: str) -> None:
    assert f"{option} is for {source} alone" in command.refused("prepare_data.py", collection, option, "5")
