"""Addresses of databases."""

import pytest

from shared.postgres import plain_url


@pytest.mark.parametrize("scheme", ["postgresql+asyncpg", "postgresql", "postgres"])
def test_whatever_driver_is_named_libpq_reads_the_address(scheme: str) -> None:
    rest = "user:p%40ss@[::1]:5432/ingest?sslmode=require"

    assert plain_url(f"{scheme}://{rest}") == f"postgresql://{rest}"


def test_what_is_no_address_is_named() -> None:
    with pytest.raises(ValueError, match="must be postgresql://"):
        plain_url("ingest")
