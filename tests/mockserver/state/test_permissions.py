"""The two tests that decide who may do what, against the contract's words."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v6mockserver import MockServer
from v6mockserver._errors import PermissionDeniedError
from v6mockserver.state import permissions
from v6mockserver.state.permissions import OPERATIONS, SCOPES, Caller, RuleKey
from v6mockserver.state.world import World

WORLD = World.fresh()
RULES = sorted(WORLD.rule_ids)
RESOURCES = sorted({key.resource for key in RULES})

organizations = st.integers(1, 4)
memberships = st.dictionaries(st.integers(1, 3), st.frozensets(organizations), max_size=3)
holdings = st.frozensets(st.sampled_from(RULES), max_size=12)


def world_with(members):
    """Return a world in which collaborations have these members."""
    world = WORLD.copy()
    for collaboration, ids in members.items():
        world.collaboration_organization.assign(collaboration, ids)
    return world


def caller(rules, organization=1, kind="user", collaboration=None):
    """Return somebody who holds these rules."""
    ids = frozenset(WORLD.rule_ids[rule] for rule in rules)
    return Caller(kind=kind, id=1, organization_id=organization, rules=ids, collaboration_id=collaboration)


@given(
    rules=holdings,
    members=memberships,
    target=organizations,
    resource=st.sampled_from(RESOURCES),
    operation=st.sampled_from(OPERATIONS),
)
def test_on_an_organization(rules, members, target, resource, operation):
    """GLOBAL; or ORGANIZATION and it is one's own; or COLLABORATION and it shares one with one's own."""
    shares = any({1, target} <= ids for ids in members.values())
    expected = (
        (resource, operation, "GLOBAL") in rules
        or ((resource, operation, "ORGANIZATION") in rules and target == 1)
        or ((resource, operation, "COLLABORATION") in rules and shares)
    )

    decision = permissions.on_organization(world_with(members), caller(rules), resource, operation, target)

    assert bool(decision) == expected
    explained(decision, rules)


@given(
    rules=holdings,
    members=memberships,
    target=st.integers(1, 3),
    resource=st.sampled_from(RESOURCES),
    operation=st.sampled_from(OPERATIONS),
    token=st.one_of(st.none(), st.integers(1, 3)),
)
def test_on_a_collaboration(rules, members, target, resource, operation, token):
    """GLOBAL; or COLLABORATION and it is one's own: one's organization's, for a container the one in its token."""
    own = {id_ for id_, ids in members.items() if 1 in ids} if token is None else {token}
    expected = (resource, operation, "GLOBAL") in rules or (
        (resource, operation, "COLLABORATION") in rules and target in own
    )
    asking = caller(rules, kind="user" if token is None else "container", collaboration=token)

    decision = permissions.on_collaboration(world_with(members), asking, resource, operation, target)

    assert bool(decision) == expected
    explained(decision, rules)


def explained(decision, rules):
    """Check that a decision names the rule that allowed it, or existing ones that are not held and would."""
    if decision:
        assert decision.rule in rules
        assert decision.would_allow == ()
    else:
        assert decision.rule is None
        assert set(decision.would_allow) <= set(RULES) - rules


@given(rules=holdings, wanted=st.sampled_from(RULES))
def test_nobody_hands_out_what_they_do_not_have(rules, wanted):
    """A rule counts as held in its own or any wider scope."""
    wide_enough = SCOPES[SCOPES.index(wanted.scope) :]
    has_it = any((wanted.resource, wanted.operation, scope) in rules for scope in wide_enough)

    expected = nullcontext() if has_it else pytest.raises(PermissionDeniedError, match=wanted.operation)

    with expected:
        permissions.require_at_least(WORLD, caller(rules), [WORLD.rule_ids[wanted]])


@given(rules=holdings, resource=st.sampled_from(RESOURCES), operation=st.sampled_from(OPERATIONS))
def test_the_widest_scope(rules, resource, operation):
    """Lists go by the widest scope that is held."""
    held = [scope for scope in SCOPES if (resource, operation, scope) in rules]

    assert permissions.widest(WORLD, caller(rules), resource, operation) == (held[-1] if held else None)


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("Root", 86),
        ("container", 8),
        ("node", 10),
        ("Viewer", 15),
        ("Researcher", 17),
        ("Organization Admin", 25),
        ("Collaboration Admin", 41),
    ],
)
def test_default_roles(name, count):
    """They have as many rules as on server 4.15.2, and come in its order."""
    (id_,) = WORLD.role.where("name", name)

    assert len(WORLD.role_rule.rights(id_)) == count
    assert id_ == [row.name for row in WORLD.role].index(name) + 1


@pytest.mark.parametrize(
    ("id_", "key"),
    [
        (1, "node VIEW GLOBAL"),
        (2, "node VIEW COLLABORATION"),
        (12, "node DELETE ORGANIZATION"),
        (22, "organization VIEW COLLABORATION"),
        (27, "organization DELETE GLOBAL"),
        (33, "task CREATE COLLABORATION"),
        (41, "run VIEW OWN"),
        (51, "user EDIT OWN"),
        (67, "role DELETE ORGANIZATION"),
        (70, "event RECEIVE ORGANIZATION"),
        (75, "event SEND GLOBAL"),
        (76, "study VIEW GLOBAL"),
        (86, "study DELETE ORGANIZATION"),
    ],
)
def test_rules_have_the_ids_of_the_real_server(id_, key):
    """Clients should look them up, and some do not."""
    assert WORLD.rule_ids[RuleKey(*key.split())] == id_


def test_a_researcher_may_create_and_an_organization_admin_may_not():
    """On 4.15, administrating and researching are two roles."""
    server = MockServer(
        {
            "organizations": [
                {
                    "name": "North",
                    "users": [
                        {"username": "nora", "password": "p", "roles": ["Researcher"]},
                        {"username": "olga", "password": "p", "roles": ["Organization Admin"]},
                    ],
                }
            ],
            "collaborations": [{"name": "All", "encrypted": False, "participants": [{"name": "North"}]}],
        }
    )

    assert server.explain("nora", "create", "task", collaboration=1)
    assert str(server.explain("olga", "create", "task", collaboration=1)) == (
        "refused; one of these rules would allow it: task CREATE GLOBAL, task CREATE COLLABORATION"
    )


def test_a_refusal_promises_no_rule_that_is_not_there():
    """A world that was loaded may lack some."""
    world = WORLD.copy()
    world.rule_ids = {}

    assert str(permissions.decide(world, caller([]), "task", "VIEW", SCOPES)) == "refused, and no rule could allow it"
