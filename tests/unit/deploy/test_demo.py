"""What the demo leaves its reader with."""

import io

from rich.console import Console

from deploy.local.demo import Phone, _where_next


def test_what_to_do_next_can_be_read_and_copied_at_80_columns() -> None:
    url, shown = "http://127.0.0.1:8125", io.StringIO()

    _where_next(url, [Phone("phone", token="t" * 600)], Console(file=shown, width=80))

    lines = shown.getvalue().splitlines()
    docs, helped = (line for line in lines if "  every " in line or "  the training" in line)
    assert docs.index("every") == helped.index("the training")
    assert f"  TOKEN={'t' * 600}" in lines
    assert lines[-1] == f'  curl -H "Authorization: Bearer $TOKEN" {url}/api/v1/records'
    assert max(len(line) for line in lines if "TOKEN=" not in line) <= 80
