"""
Federations at work, seen through the client: lists, statuses, results and secrets are what they should be.

The rules and most of the invariants are those of `FederationMachine`, which other projects use as well.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, run_state_machine_as_test

from v6mockserver.strategies import WORDS, FederationMachine

# Twelve organizations are more than the ten rows of a page.
MANY = tuple(f"Clinic{number}" for number in range(12))
bounded = settings(max_examples=6, stateful_step_count=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])


class Plain(FederationMachine):
    """Runs go on in any order, without encryption."""


class Old(FederationMachine):
    """The oldest release."""

    version = "4.0"


class Inline(FederationMachine):
    """Tasks are over when they were created, unless a node is offline; there are more of them than a page has."""

    organizations = MANY
    execution = "inline"
    values = st.integers(0, 9)


class Encrypted(FederationMachine):
    """Inputs and results are encrypted, each for those who read it."""

    organizations = ("North", "South")
    encrypted = True
    values = WORDS

    @invariant()
    def the_server_can_read_nothing(self):
        """An input or a result on the server is three parts: an encrypted key, a counter, and a text that needs it."""
        for row in self.server.dump()["tables"]["run"]:
            for text in filter(None, (row["input"], row["result"])):
                assert text.count("$") == 2


KINDS = [Plain, Old, Inline, Encrypted]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_federations(kind):
    """Whatever happens in it, and in whatever order."""
    run_state_machine_as_test(kind, settings=bounded)
