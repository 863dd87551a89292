"""What the processes of the local run are started with."""

import os

import pytest

from deploy.local.roles import ROOT, product_roles, program


def test_modules_from_outside_the_tree_are_found_where_the_caller_finds_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    role = product_roles().http[0]

    path = program(role, "127.0.0.1", 8000, {}).environment["PYTHONPATH"]

    assert path.split(os.pathsep) == [str(ROOT), "/elsewhere"]
