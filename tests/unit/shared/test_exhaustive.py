"""mypy refuses a fold that leaves an event of its domain unhandled."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FOLD = """
from typing import assert_never

from shared.domains.templates.events import TemplateEvent, TemplateRemoved, TemplateRestored, TemplateSaved


def changes(event: TemplateEvent) -> str:
    match event:
        case TemplateSaved():
            return "saved"
        case TemplateRemoved():
            return "removed"
        case TemplateRestored():
            return "restored"
        case _:
            assert_never(event)
"""


@pytest.mark.parametrize("unhandled", [None, "TemplateRestored"])
def test_an_unhandled_event_fails_the_type_check(tmp_path: Path, unhandled: str | None) -> None:
    source = tmp_path / "fold.py"
    case = f'        case {unhandled}():\n            return "restored"\n'
    source.write_text(FOLD.replace(case, "") if unhandled else FOLD)

    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), str(source)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )

    assert (checked.returncode == 0) == (unhandled is None), checked.stdout
    if unhandled:
        assert 'incompatible type "TemplateRestored"' in checked.stdout
