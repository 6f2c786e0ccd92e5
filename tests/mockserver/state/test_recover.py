"""Api keys set anew, where releases differ."""

from __future__ import annotations

import pytest

from v6mockserver._errors import PermissionDeniedError
from v6mockserver.state import recover
from v6mockserver.state.node import find_by_api_key
from v6mockserver.state.releases import RELEASES

from .federation import ALPHA, BETA, GAMMA


@pytest.mark.parametrize("version", RELEASES)
@pytest.mark.parametrize("scope", ["GLOBAL", "ORGANIZATION", "COLLABORATION"])
@pytest.mark.parametrize("owner", [ALPHA, BETA])
def test_who_may_reset_an_api_key(federation, version, scope, owner):
    """Who may edit the node; on 4.0 a partner may not, whatever else they may do with it."""
    federation.world.release = RELEASES[version]
    caller, node = federation.user(ALPHA, f"node EDIT {scope}"), federation.node(owner)
    allowed = {"GLOBAL": True, "ORGANIZATION": owner == ALPHA, "COLLABORATION": version == "4.15"}[scope]

    if not allowed:
        with pytest.raises(PermissionDeniedError):
            recover.reset_api_key(federation.world, caller, node.id)
        return
    key = recover.reset_api_key(federation.world, caller, node.id)
    assert find_by_api_key(federation.world, key).id == node.id


@pytest.mark.parametrize("version", RELEASES)
def test_a_stranger_resets_no_api_key(federation, version):
    """Beta and Gamma share nothing."""
    federation.world.release = RELEASES[version]
    caller = federation.user(BETA, "node EDIT ORGANIZATION", "node EDIT COLLABORATION")

    with pytest.raises(PermissionDeniedError):
        recover.reset_api_key(federation.world, caller, federation.node(GAMMA, 2).id)
