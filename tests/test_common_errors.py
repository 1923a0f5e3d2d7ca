"""Messages for users: near misses, one line, exit code 2."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from common.errors import UserError, run_command, suggest


def test_a_near_miss_is_answered_with_the_nearest_name_and_all_known_ones_in_order() -> None:
    assert suggest("Portrat", ["portrait", "abstract"]) == "; did you mean 'portrait'? known: abstract, portrait"
    assert suggest("xyz", ["portrait", "abstract"]) == "; known: abstract, portrait"


def test_a_user_error_becomes_one_line_on_stderr_and_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    def main() -> None:
        raise UserError("no dataset at data")

    with pytest.raises(SystemExit) as caught:
        run_command(main)
    assert caught.value.code == 2
    assert capsys.readouterr() == ("", "error: no dataset at data\n")


def test_an_interrupted_command_exits_as_the_shell_expects() -> None:
    def main() -> None:
        raise KeyboardInterrupt

    with pytest.raises(SystemExit) as caught:
        run_command(main)
    assert caught.value.code == 130


def test_any_other_exception_is_a_bug_and_keeps_its_traceback() -> None:
    def main() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_command(main)


def test_a_place_that_the_system_refuses_costs_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    def main() -> None:
        Path("x" * 300).stat()

    with pytest.raises(SystemExit) as caught:
        run_command(main)
    assert caught.value.code == 2
    assert capsys.readouterr().err == f"error: {'x' * 300}: File name too long; choose another path\n"


def test_a_message_does_not_speak_to_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    def main() -> None:
        raise UserError("unknown genre \x1b[31mred\x07 都市")

    with pytest.raises(SystemExit):
        run_command(main)
    assert capsys.readouterr().err == "error: unknown genre \\x1b[31mred\\x07 都市\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no full device")
@pytest.mark.parametrize(("output", "code"), [("> /dev/full", 2), (">&-", 0)])
def test_an_output_that_takes_nothing_costs_no_traceback(output: str, code: int) -> None:
    program = "from common.errors import run_command; run_command(lambda: print(1))"
    done = subprocess.run(
        ["sh", "-c", f'"$0" -c "$1" {output}', sys.executable, program], stderr=subprocess.PIPE, text=True, check=False
    )
    assert done.returncode == code
    message = "error: the output cannot be written: No space left on device; make room, or send it elsewhere\n"
    assert done.stderr == (message if code else "")
