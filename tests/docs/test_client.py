"""The page about the client lists every call."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from v6client import UserClient

PAGE = (Path(__file__).parents[2] / "docs" / "client.md").read_text()
ROWS = re.findall(r"^\| `client\.(\w+)` \| (`.*`) \|$", PAGE, re.MULTILINE)


@pytest.mark.parametrize(("noun", "calls"), ROWS, ids=[noun for noun, _ in ROWS])
def test_the_table_has_the_calls_of_a_sub_client(noun, calls):
    """All of them, and none that is not there."""
    sub_client = getattr(UserClient, noun.capitalize())

    assert set(re.findall(r"`(\w+)`", calls)) == {
        name for name in dir(sub_client) if not name.startswith("_") and callable(getattr(sub_client, name))
    }


def test_the_table_has_the_sub_clients():
    """All but `util`, whose calls are told in words."""
    kinds = {name.lower() for name, kind in vars(UserClient).items() if isinstance(kind, type)}

    assert {noun for noun, _ in ROWS} | {"util"} == kinds
