"""Ports and addresses, where releases differ."""

from __future__ import annotations

from contextlib import nullcontext
from itertools import combinations

import pytest

from v6mockserver._errors import BadRequestError
from v6mockserver.state import port as ports
from v6mockserver.state.releases import RELEASES

from .federation import ALPHA, BETA, query

ONLY = [flag for flag in ports.FLAGS if flag.startswith("only_")]
CLASHES = {
    "4.15": {frozenset(pair) for pair in combinations(ONLY, 2)},
    "4.0": {
        frozenset({"only_children", "only_parent"}),
        frozenset({"only_children", "include_parent"}),
        frozenset({"only_parent", "include_children"}),
    },
}


@pytest.fixture(params=CLASHES)
def version(request, federation):
    """Either version, which the federation then has."""
    federation.world.release = RELEASES[request.param]
    return request.param


@pytest.fixture
def task(federation):
    """A task at two organizations, each of which offers a port."""
    task = federation.task(federation.researcher(), ALPHA, BETA)
    for run in federation.runs(task):
        ports.create(federation.world, federation.node(run.organization_id), port=run.organization_id, run_id=run.id)
    return task


@pytest.mark.parametrize("flags", list(combinations(ports.FLAGS, 2)), ids=" ".join)
def test_which_flags_clash(federation, version, task, flags):
    """Every pair of them is either refused or answered."""
    refused = pytest.raises(BadRequestError, match=" and ") if frozenset(flags) in CLASHES[version] else nullcontext()

    with refused:
        ports.addresses(federation.world, federation.container(task, ALPHA), query(**dict.fromkeys(flags, 1)))


def test_addresses_are_in_the_order_of_their_ports(federation, version, task):
    """The oldest first."""
    addresses = ports.addresses(federation.world, federation.container(task, ALPHA), query())

    assert [port.port for port, _ in addresses] == [ALPHA, BETA]
