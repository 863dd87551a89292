"""mypy refuses a match that leaves an event unhandled."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
# Nothing but mypy's setting asks here for every event: no result that could be missing, no `assert_never`.
FOLD = """
from shared.domains.templates.events import TemplateEvent, TemplateRemoved, TemplateRestored, TemplateSaved


def tell(event: TemplateEvent) -> None:
    match event:
        case TemplateSaved():
            print("saved")
        case TemplateRemoved():
            print("removed")
        case TemplateRestored():
            print("restored")
"""


@pytest.mark.parametrize("unhandled", [None, "TemplateRestored"])
def test_an_unhandled_event_fails_the_type_check(tmp_path: Path, unhandled: str | None) -> None:
    source = tmp_path / "fold.py"
    case = f'        case {unhandled}():\n            print("restored")\n'
    source.write_text(FOLD.replace(case, "") if unhandled else FOLD)

    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), str(source)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )

    assert (checked.returncode == 0) == (unhandled is None), checked.stdout
    if unhandled:
        assert 'unhandled case for values of type "TemplateRestored"' in checked.stdout
