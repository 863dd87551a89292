"""The processes of the local run, as data: all services' HTTP on one port, and each worker by itself."""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.processes import Program

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True)
class Role:
    """`target` is an ASGI application factory, `module:function`, that answers on `/health/ready`; `niceness` says how
    far it stands back when the processors are short."""

    name: str
    target: str
    environment: Mapping[str, str] = field(default_factory=dict)
    niceness: int = 0


@dataclass(frozen=True)
class Roles:
    """All of `http` answer on the public port, each worker on one of its own."""

    http: Sequence[Role]
    workers: Sequence[Role]


def product_roles(projector_workers: int = 1, http_processes: int = 1) -> Roles:
    """Projector workers share the partitions of the events, and HTTP processes the connections; the others are alone
    at their work.

    Acknowledging comes first, then publishing, then what people read; what nobody waits for comes last.
    """
    return Roles(
        http=[Role(name, "deploy.local.gateway:create_gateway") for name in _names("http", http_processes)],
        workers=[
            Role("ingest-relay", "services.ingest.app:create_worker", niceness=10),
            *(
                Role(name, "services.projector.app:create_worker", niceness=12)
                for name in _names("projector-worker", projector_workers)
            ),
            Role("auth-worker", "services.auth.app:create_worker", niceness=19),
            Role("coach-worker", "services.coach.app:create_worker", niceness=19),
        ],
    )


def _names(name: str, count: int) -> list[str]:
    return [name, *(f"{name}-{number}" for number in range(2, count + 1))]


def _import_path() -> str:
    """Where modules are found: domains and views from outside the tree where the caller's own path leads."""
    return os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])


def program(role: Role, host: str, port: int, environment: Mapping[str, str]) -> Program:
    return Program(
        name=role.name,
        command=[sys.executable, "-m", "deploy.local.serve", role.target, host, str(port)],
        environment={"PYTHONPATH": _import_path(), "LOG_FORMAT": "json", **environment, **role.environment},
        folder=ROOT,
        niceness=role.niceness,
    )
