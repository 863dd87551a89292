"""Addresses of databases, and which of their faults pass."""

import asyncpg
import pytest

from shared.postgres import PASSING, affected, plain_url


@pytest.mark.parametrize("scheme", ["postgresql+asyncpg", "postgresql", "postgres"])
def test_whatever_driver_is_named_libpq_reads_the_address(scheme: str) -> None:
    rest = "user:p%40ss@[::1]:5432/ingest?sslmode=require"

    assert plain_url(f"{scheme}://{rest}") == f"postgresql://{rest}"


def test_what_is_no_address_is_named() -> None:
    with pytest.raises(ValueError, match="must be postgresql://"):
        plain_url("ingest")


@pytest.mark.parametrize(("tag", "rows"), [("DELETE 0", 0), ("UPDATE 12", 12), ("INSERT 0 3", 3)])
def test_a_command_tag_tells_the_rows(tag: str, rows: int) -> None:
    assert affected(tag) == rows


@pytest.mark.parametrize(
    "fault",
    [
        asyncpg.DiskFullError,
        asyncpg.OutOfMemoryError,
        asyncpg.TooManyConnectionsError,
        asyncpg.CannotConnectNowError,
        asyncpg.AdminShutdownError,
        asyncpg.QueryCanceledError,
        asyncpg.DeadlockDetectedError,
        asyncpg.SerializationError,
        asyncpg.ConnectionDoesNotExistError,
        ConnectionRefusedError,
    ],
)
def test_what_another_attempt_may_outlive_is_a_passing_fault(fault: type[Exception]) -> None:
    assert issubclass(fault, PASSING)


@pytest.mark.parametrize("fault", [asyncpg.DataError, asyncpg.UniqueViolationError, asyncpg.PostgresSyntaxError])
def test_what_would_come_again_is_none(fault: type[Exception]) -> None:
    assert not issubclass(fault, PASSING)
