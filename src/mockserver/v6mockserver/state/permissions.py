"""
Who may do what.

A rule is a triple (resource, operation, scope). A caller holds rules: a user through roles and directly, a node through
the role `node`, a container through the role `container`. Whether a caller may do an operation on an object is decided
by one function, `decide`. It is given the scopes that *reach* the object, and allows when the caller holds the rule of
one of them. Holding a wider scope implies nothing about narrower ones, except that GLOBAL reaches everything.

Two tests say which scopes reach an object:

===============  ==================================  ====================================
scope            on an organization                  on a collaboration
===============  ==================================  ====================================
GLOBAL           always                              always
ORGANIZATION     it is the caller's own              never
COLLABORATION    it shares any collaboration with    it is one of the caller's own
                 the caller's organization
===============  ==================================  ====================================

A task, with its runs, belongs to both: ORGANIZATION reaches it through the organization that started it, COLLABORATION
through its own collaboration; in 4.0 it belongs to that organization alone. OWN reaches what the caller made, where a
resource knows that scope.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from v6mockserver import _messages as messages
from v6mockserver._errors import PermissionDeniedError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from v6mockserver.state.entities import Task
    from v6mockserver.state.world import World

OWN, ORGANIZATION, COLLABORATION, GLOBAL = SCOPES = ("OWN", "ORGANIZATION", "COLLABORATION", "GLOBAL")
"""The scopes, from narrow to wide."""

VIEW, EDIT, CREATE, DELETE, SEND, RECEIVE = OPERATIONS = ("VIEW", "EDIT", "CREATE", "DELETE", "SEND", "RECEIVE")
"""What a rule lets its holder do."""


class RuleKey(NamedTuple):
    """
    What identifies a rule; its id differs between servers.
    """

    resource: str
    operation: str
    scope: str

    def __str__(self) -> str:
        return " ".join(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """
    Who sends a request, as its token and the world say at that moment.

    Attributes
    ----------
    kind : str
        "user", "node" or "container".
    id : int
        Of the user or the node; a container has its node's.
    organization_id : int
        The caller's own organization.
    rules : frozenset of int
        Ids of the rules that it holds.
    collaboration_id : int or None
        The one that a node or a container serves.
    task_id, image
        The task that a container works for, and its image.
    decisions : list of Decision or None
        Where to write down what is decided about it, if anybody wants to know.
    """

    kind: str
    id: int
    organization_id: int
    rules: frozenset[int]
    collaboration_id: int | None = None
    task_id: int | None = None
    image: str | None = None
    decisions: list[Decision] | None = field(default=None, compare=False, repr=False)

    @property
    def user_id(self) -> int | None:
        """
        The id of the calling user; None for a node or a container.
        """
        return self.id if self.kind == "user" else None


class Decision(NamedTuple):
    """
    The outcome of a permission test, with its reason.

    Attributes
    ----------
    allowed : bool
        The outcome.
    rule : RuleKey or None
        The rule that allowed it.
    would_allow : tuple of RuleKey
        The rules any one of which would have allowed it; empty where none can.
    """

    allowed: bool
    rule: RuleKey | None
    would_allow: tuple[RuleKey, ...]

    def __bool__(self) -> bool:
        return self.allowed

    def __str__(self) -> str:
        if self.rule is not None:
            return f"allowed by the rule {self.rule}"
        if not self.would_allow:
            return "refused, and no rule could allow it"
        return f"refused; one of these rules would allow it: {', '.join(map(str, self.would_allow))}"


def decide(world: World, caller: Caller, resource: str, operation: str, scopes: Iterable[str]) -> Decision:
    """
    Decide whether the caller holds a rule for this operation in one of the scopes that reach the object.
    """
    rules = [key for scope in scopes if (key := RuleKey(resource, operation, scope)) in world.rule_ids]
    held = next((key for key in rules if world.rule_ids[key] in caller.rules), None)
    decision = Decision(allowed=held is not None, rule=held, would_allow=() if held else tuple(rules))
    if caller.decisions is not None:
        caller.decisions.append(decision)
    return decision


def require(decision: Decision) -> None:
    """
    Refuse what was not allowed, naming the rules that would have allowed it.
    """
    if not decision:
        raise PermissionDeniedError(messages.DENIED.format(decision=decision), decision)


def scopes_to_organization(world: World, caller: Caller, organization_id: int | None) -> list[str]:
    """
    Return the scopes that reach an organization, or what belongs to it.

    What belongs to none, such as a default role, is reached by GLOBAL alone.
    """
    scopes = [GLOBAL]
    if organization_id is not None and organization_id == caller.organization_id:
        scopes.append(ORGANIZATION)
    # Server quirk: an organization that is in no collaboration shares none with itself (4.0 to 4.15, item routes).
    if organization_id in partners(world, caller.organization_id):
        scopes.append(COLLABORATION)
    return scopes


def scopes_to_collaboration(world: World, caller: Caller, collaboration_id: int | None) -> list[str]:
    """
    Return the scopes that reach a collaboration.
    """
    return [GLOBAL, COLLABORATION] if collaboration_id in own_collaborations(world, caller) else [GLOBAL]


def scopes_to_task(world: World, caller: Caller, task: Task) -> list[str]:
    """
    Return the scopes that reach a task and its runs, without OWN.
    """
    if world.release.reaches_tasks_through_any_collaboration:
        return scopes_to_organization(world, caller, task.init_org_id)
    scopes = scopes_to_collaboration(world, caller, task.collaboration_id)
    if task.init_org_id == caller.organization_id:
        scopes.append(ORGANIZATION)
    return scopes


def on_organization(
    world: World, caller: Caller, resource: str, operation: str, organization_id: int | None
) -> Decision:
    """
    Decide by the test on organizations.
    """
    return decide(world, caller, resource, operation, scopes_to_organization(world, caller, organization_id))


def on_collaboration(
    world: World, caller: Caller, resource: str, operation: str, collaboration_id: int | None
) -> Decision:
    """
    Decide by the test on collaborations.
    """
    return decide(world, caller, resource, operation, scopes_to_collaboration(world, caller, collaboration_id))


def widest(world: World, caller: Caller, resource: str, operation: str) -> str | None:
    """
    Return the widest scope in which the caller holds a rule for this operation, or None.
    """
    rule = decide(world, caller, resource, operation, reversed(SCOPES)).rule
    return None if rule is None else rule.scope


def require_any(world: World, caller: Caller, resource: str, operation: str) -> str:
    """
    Return the widest scope in which the caller holds a rule for this operation; refuse where there is none.
    """
    scope = widest(world, caller, resource, operation)
    if scope is None:
        decision = decide(world, caller, resource, operation, SCOPES)
        raise PermissionDeniedError(messages.DENIED.format(decision=decision), decision)
    return scope


def require_at_least(world: World, caller: Caller, rule_ids: Iterable[int]) -> None:
    """
    Refuse unless the caller holds each of these rules in the same or a wider scope.

    Nobody hands out what they do not have.
    """
    for rule_id in sorted(rule_ids):
        rule = world.rule[rule_id]
        wide_enough = SCOPES[SCOPES.index(rule.scope) :]
        require(decide(world, caller, rule.name, rule.operation, wide_enough))


def partners(world: World, organization_id: int) -> frozenset[int]:
    """
    Return the organizations that share a collaboration with this one; it is among them if it is in any.
    """
    members = [
        world.collaboration_organization.rights(id_) for id_ in world.collaboration_organization.lefts(organization_id)
    ]
    return frozenset().union(*members)


def own_collaborations(world: World, caller: Caller) -> frozenset[int]:
    """
    Return the caller's own collaborations: its organization's, for a container the one in its token.
    """
    if caller.kind == "container":
        return frozenset() if caller.collaboration_id is None else frozenset({caller.collaboration_id})
    return world.collaboration_organization.lefts(caller.organization_id)


def rules_of_user(world: World, user_id: int) -> frozenset[int]:
    """
    Return the ids of the rules that a user holds, through roles and directly.
    """
    through_roles = [world.role_rule.rights(role_id) for role_id in world.user_role.rights(user_id)]
    return world.user_rule.rights(user_id).union(*through_roles)
