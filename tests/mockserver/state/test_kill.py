"""Killing all that a node runs: who may, and who hears of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from v6mockserver._errors import BadRequestError, PermissionDeniedError
from v6mockserver.state import kill
from v6mockserver.state import node as nodes

from .federation import ALPHA, BETA, GAMMA, SHARED


@pytest.fixture
def node(federation):
    """The id of Alpha's node in the shared collaboration, online."""
    id_ = federation.node(ALPHA).id
    nodes.set_status(federation.world, id_, nodes.ONLINE)
    return id_


@pytest.mark.parametrize(
    ("scope", "allowed"),
    [("GLOBAL", {ALPHA, BETA, GAMMA}), ("COLLABORATION", {ALPHA, BETA}), ("ORGANIZATION", {ALPHA})],
)
@pytest.mark.parametrize("organization", [ALPHA, BETA, GAMMA])
def test_who_may(federation, node, scope, allowed, organization):
    """Its organization, and the partners in its collaboration, each by their own rule; then its room hears of it."""
    caller = federation.user(organization, f"event SEND {scope}")
    if organization not in allowed:
        with pytest.raises(PermissionDeniedError):
            kill.node_tasks(federation.world, caller, node)
        assert federation.world.take_events() == []
        return

    kill.node_tasks(federation.world, caller, node)

    (event,) = federation.world.take_events()
    assert (event.name, event.room) == ("kill_containers", f"collaboration_{SHARED}")
    assert event.data == {"node_id": node, "collaboration_id": SHARED}


def test_a_node_without_a_collaboration(federation, node):
    """Only its organization and the global rule reach it; it is in no room, so nobody hears of it."""
    world = federation.world
    world.node.replace(replace(world.node[node], collaboration_id=None))

    kill.node_tasks(world, federation.user(ALPHA, "event SEND ORGANIZATION"), node)

    assert world.take_events() == []
    with pytest.raises(PermissionDeniedError):
        kill.node_tasks(world, federation.user(ALPHA, "event SEND COLLABORATION"), node)


def test_an_unfinished_task_of_finished_runs_is_spared(federation):
    """Server quirk: one failed run makes a task finished, so that those that go on cannot be killed."""
    row = federation.task(federation.researcher(), ALPHA, BETA)
    first, second = federation.runs(row)
    federation.report(second, status="active", started_at=federation.world.clock.text())
    federation.report(first, status="crashed", finished_at=federation.world.clock.text())

    with pytest.raises(BadRequestError):
        kill.task(federation.world, federation.user(ALPHA, "event SEND GLOBAL"), row.id)

    assert federation.world.run[second.id].status == "active"
