"""What the documents point at exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("services", "shared", "tests", "deploy", "docs", "client")


@pytest.mark.parametrize("document", sorted((ROOT / "docs").glob("*.md")), ids=lambda path: path.name)
def test_named_files_and_tests_are_there(document: Path) -> None:
    missing: list[str] = []
    for path, name in re.findall(rf"`((?:{'|'.join(FOLDERS)})/[\w./-]+)(?:::(\w+))?`", document.read_text()):
        file = ROOT / path
        if not file.exists() or (name and not re.search(rf"def {name}\(", file.read_text())):
            missing.append(f"{path}::{name}")
    assert missing == []
