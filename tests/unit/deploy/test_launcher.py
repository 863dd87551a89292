"""The launcher, in a folder of its own, with a stand-in for uv that makes an environment at once."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

LAUNCHER = Path(__file__).resolve().parents[3] / "hypertrophy"
PYTHON = '#!/bin/sh\necho "$PYTHONPATH|$*"\n'
UV = """#!/bin/sh
echo "$*" >>"{root}/calls"
for last in "$@"; do :; done
[ "$1" = venv ] || exit 0
sleep {seconds}
mkdir -p "$last/bin"
printf '{python}' >"$last/bin/python"
chmod +x "$last/bin/python"
"""
PYTHON_WITHOUT_ENSUREPIP = """#!/bin/sh
case $* in
    '-c '*) echo probed 0.0000001 "$0" ;;
    '-m venv --without-pip '*)
        mkdir -p "$4/bin"
        printf '#!/bin/sh\\n[ "$2" != pip ]' >"$4/bin/python"
        chmod +x "$4/bin/python" ;;
    '-m pip --version') ;;
    '-m pip --python '*) echo "$*" >>"{root}/calls" ;;
    *) exit 1 ;;
esac
"""


class Checkout:
    """A project folder with nothing but the launcher and a lock file, and a PATH that starts with a stand-in uv."""

    def __init__(self, root: Path, seconds: float = 0) -> None:
        self.root = root
        root.mkdir(parents=True)
        shutil.copy(LAUNCHER, root / "hypertrophy")
        (root / "requirements.lock").write_text("one==1\n")
        self.script("uv", UV.format(root=root, seconds=seconds, python=PYTHON.replace("\n", "\\n")))

    def script(self, name: str, text: str, folder: str = "bin") -> None:
        path = self.root / folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def start(self, *arguments: str, launcher: Path | None = None) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [launcher or self.root / "hypertrophy", *arguments],
            env={
                "PATH": f"{self.root / 'bin'}:{os.environ['PATH']}:{self.root / 'last'}",
                "HOME": str(self.root / "home"),
            },
            cwd="/",
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, launcher: Path | None = None) -> tuple[int, str, str]:
        process = self.start(*arguments, launcher=launcher)
        output, errors = process.communicate(timeout=30)
        return process.returncode, output, errors

    def environments_made(self) -> int:
        calls = self.root / "calls"
        return sum(call.startswith("venv ") for call in calls.read_text().splitlines()) if calls.exists() else 0


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "a folder")


def test_the_first_run_makes_the_environment_and_later_ones_use_it(checkout: Checkout) -> None:
    first = checkout.run("log", "--reps", "5 or so")
    second = checkout.run("log")

    assert first[:2] == (0, f"{checkout.root}|-P -m client.cli log --reps 5 or so\n")
    assert second == (0, f"{checkout.root}|-P -m client.cli log\n", "")
    assert checkout.environments_made() == 1


def test_a_changed_lock_refreshes_the_environment(checkout: Checkout) -> None:
    checkout.run()
    (checkout.root / "requirements.lock").write_text("one==2\n")

    checkout.run()
    checkout.run()

    assert checkout.environments_made() == 2


def test_the_environment_is_made_by_the_fastest_of_the_pythons(checkout: Checkout) -> None:
    checkout.script("python3.11", "#!/bin/sh\necho 0 a word of a wrapper\nexit 1\n")
    checkout.script("python3.11", "#!/bin/sh\necho probed 0.0000001 /the/fastest/python3.11\n", folder="last")

    checkout.run()

    assert "--python /the/fastest/python3.11" in (checkout.root / "calls").read_text()


def test_a_python_without_pip_is_filled_by_another_ones(checkout: Checkout) -> None:
    (checkout.root / "bin" / "uv").unlink()
    checkout.script("python3.11", PYTHON_WITHOUT_ENSUREPIP.format(root=checkout.root))

    assert checkout.run("log")[0] == 0
    assert f"{checkout.root}/requirements.lock" in (checkout.root / "calls").read_text()


def test_a_link_to_it_finds_its_own_folder(checkout: Checkout, tmp_path: Path) -> None:
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "one").symlink_to("../a folder/hypertrophy")
    (tmp_path / "two").symlink_to(tmp_path / "links" / "one")

    code, output, _ = checkout.run("status", launcher=tmp_path / "two")

    assert (code, output) == (0, f"{checkout.root}|-P -m client.cli status\n")


def test_two_at_once_make_one_environment(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path / "slow", seconds=1)

    both = [checkout.start("one"), checkout.start("two")]
    outputs = sorted(process.communicate(timeout=120)[0] for process in both)

    assert outputs == [f"{checkout.root}|-P -m client.cli one\n", f"{checkout.root}|-P -m client.cli two\n"]
    assert checkout.environments_made() == 1


def test_the_lock_of_a_launcher_that_died_is_taken_over(checkout: Checkout) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    (checkout.root / ".venv").mkdir()
    (checkout.root / ".venv" / "preparing").symlink_to(str(gone.pid))

    assert checkout.run()[0] == 0


def test_a_failed_install_is_one_line_and_the_next_run_tries_again(checkout: Checkout) -> None:
    working = (checkout.root / "bin" / "uv").read_text()
    checkout.script("uv", "#!/bin/sh\necho downloading\necho 'no route to the network' >&2\nexit 1\n")

    code, output, errors = checkout.run()
    checkout.script("uv", working)

    assert (code, output) == (1, "")
    assert "no route to the network" in errors.splitlines()[-1]
    assert checkout.run()[0] == 0


def test_after_a_failed_install_not_even_the_lock_before_is_taken_for_installed(checkout: Checkout) -> None:
    checkout.run()
    before = (checkout.root / "requirements.lock").read_text()
    working = (checkout.root / "bin" / "uv").read_text()
    checkout.script("uv", "#!/bin/sh\nexit 1\n")
    (checkout.root / "requirements.lock").write_text("one==2\n")
    assert checkout.run()[0] == 1

    checkout.script("uv", working)
    (checkout.root / "requirements.lock").write_text(before)
    checkout.run()

    assert checkout.environments_made() == 2


def test_an_environment_of_another_python_is_made_anew(checkout: Checkout) -> None:
    checkout.run()
    (checkout.root / ".venv" / "bin" / "left").touch()
    (checkout.root / "requirements.lock").write_text("one==2\n")

    checkout.run()

    assert not (checkout.root / ".venv" / "bin" / "left").exists()


def test_without_uv_and_python_it_says_what_it_needs(checkout: Checkout) -> None:
    (checkout.root / "bin" / "uv").unlink()
    for tool in ("sh", "dirname", "readlink", "cmp", "mkdir", "ln", "rm", "sed", "sort", "head"):
        found = shutil.which(tool)
        assert found is not None
        (checkout.root / "bin" / tool).symlink_to(found)

    done = subprocess.run(
        [checkout.root / "hypertrophy"], env={"PATH": str(checkout.root / "bin")}, capture_output=True, text=True
    )

    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "Python 3.11" in done.stderr
