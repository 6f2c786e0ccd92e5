"""What organizations, collaborations, nodes and roles refuse, and with which status: one table for all of them."""

from __future__ import annotations

import pytest

from .network import DENIED, DONE, FAILED, GARBLED, INVALID, MISSING, REFUSED, deviates, outcome

pytestmark = pytest.mark.validated("4.15.2")

ABSENT = 999_999_999
ROLE_INVALID = (400, ["msg"])  # Server quirk: roles put the errors under `msg` (4.15).
LONG = "x" * 129


@pytest.fixture
def place(server):
    """Two organizations in a collaboration with a node, a third one outside, a role, and a user without rules."""
    own, partner, stranger = (server.organization() for _ in range(3))
    collaboration = server.collaboration(own, partner)
    node = server.node(own, collaboration)
    role = server.role(own, "task VIEW COLLABORATION")
    user = server.user(own)
    viewer = next(iter(server.roles.values()))
    return {
        "own": own["id"],
        "partner": partner["id"],
        "stranger": stranger["id"],
        "taken": partner["name"],
        "collaboration": collaboration["id"],
        "taken_collaboration": collaboration["name"],
        "node": node.id,
        "taken_node": node.row["name"],
        "role": role["id"],
        "default_role": viewer,
        "rule": server.rules["task VIEW COLLABORATION"],
        "other_rule": server.rules["task VIEW GLOBAL"],
        "user": user,
    }


def filled(value, place):
    """Return a path or body with the ids and names of the place in it."""
    if isinstance(value, str):
        text = value.format(**place)
        return int(text) if value.startswith("{") and text.isdigit() else text
    if isinstance(value, list):
        return [filled(one, place) for one in value]
    if isinstance(value, dict):
        return {key: filled(one, place) for key, one in value.items()}
    return value


BY_ROOT = [
    # organization
    ("GET", f"/organization/{ABSENT}", None, MISSING),
    ("PATCH", f"/organization/{ABSENT}", {}, MISSING),
    ("DELETE", f"/organization/{ABSENT}", None, MISSING),
    ("POST", "/organization", {}, INVALID),
    ("POST", "/organization", {"name": ""}, INVALID),
    ("POST", "/organization", {"name": "123"}, INVALID),
    ("POST", "/organization", {"name": "½"}, INVALID),
    ("POST", "/organization", {"name": LONG}, INVALID),
    ("POST", "/organization", {"name": "n", "country": None}, INVALID),
    ("POST", "/organization", {"name": "n", "more": 1}, INVALID),
    ("POST", "/organization", {"name": "{taken}"}, REFUSED),
    ("PATCH", "/organization/{own}", {"name": "{taken}"}, REFUSED),
    ("PATCH", "/organization/{own}", {"public_key": "YWJj"}, DENIED),
    ("DELETE", "/organization/1", None, REFUSED),
    ("DELETE", "/organization/{own}", None, REFUSED),
    ("GET", "/organization?country=nowhere", None, (200, ["data", "links"])),
    # collaboration
    ("GET", f"/collaboration/{ABSENT}", None, MISSING),
    ("PATCH", f"/collaboration/{ABSENT}", {}, MISSING),
    ("DELETE", f"/collaboration/{ABSENT}", None, MISSING),
    ("POST", "/collaboration", {"name": "n", "organization_ids": [], "encrypted": True}, INVALID),
    ("POST", "/collaboration", {"name": "n", "organization_ids": [1, 1], "encrypted": True}, INVALID),
    ("POST", "/collaboration", {"name": "n", "organization_ids": [1]}, INVALID),
    ("POST", "/collaboration", {"name": "n", "organization_ids": ["x"], "encrypted": True}, INVALID),
    ("POST", "/collaboration", {"name": "{taken_collaboration}", "organization_ids": [1], "encrypted": True}, REFUSED),
    ("DELETE", "/collaboration/{collaboration}", None, REFUSED),
    ("POST", f"/collaboration/{ABSENT}/organization", {"id": 1}, MISSING),
    ("POST", "/collaboration/{collaboration}/organization", {"id": ABSENT}, MISSING),
    ("POST", "/collaboration/{collaboration}/organization", {}, INVALID),
    ("DELETE", f"/collaboration/{ABSENT}/organization", {"id": 1}, MISSING),
    ("DELETE", "/collaboration/{collaboration}/organization", {}, INVALID),
    ("DELETE", "/collaboration/{collaboration}/organization", {"id": ABSENT}, MISSING),
    (
        "DELETE",
        "/collaboration/{collaboration}/organization",
        {"id": "{stranger}"},
        deviates(mock=REFUSED, real=FAILED),
    ),
    ("POST", "/collaboration/{collaboration}/node", {"id": ABSENT}, MISSING),
    ("POST", "/collaboration/{collaboration}/node", {"id": "{node}"}, REFUSED),
    ("POST", "/collaboration/{collaboration}/node", {}, INVALID),
    ("DELETE", "/collaboration/{collaboration}/node", {"id": ABSENT}, MISSING),
    ("DELETE", "/collaboration/{collaboration}/node", {}, deviates(mock=INVALID, real=FAILED)),
    ("DELETE", "/collaboration/{collaboration}/node", {"id": "{node}"}, DONE),
    # node
    ("GET", f"/node/{ABSENT}", None, MISSING),
    ("GET", "/node/1", None, MISSING),
    ("PATCH", f"/node/{ABSENT}", {}, MISSING),
    ("DELETE", f"/node/{ABSENT}", None, MISSING),
    ("POST", "/node", {}, INVALID),
    ("POST", "/node", {"collaboration_id": ABSENT}, MISSING),
    ("POST", "/node", {"collaboration_id": "{collaboration}", "organization_id": ABSENT}, MISSING),
    ("POST", "/node", {"collaboration_id": "{collaboration}", "organization_id": "{stranger}"}, REFUSED),
    ("POST", "/node", {"collaboration_id": "{collaboration}", "organization_id": "{own}"}, REFUSED),
    (
        "POST",
        "/node",
        {"collaboration_id": "{collaboration}", "organization_id": "{partner}", "name": "{taken_node}"},
        REFUSED,
    ),
    ("POST", "/node", {"collaboration_id": "{collaboration}", "ip": "nowhere"}, INVALID),
    ("PATCH", "/node/{node}", {"organization_id": 1}, REFUSED),
    ("PATCH", f"/node/{ABSENT}", {"collaboration_id": 1}, REFUSED),
    ("DELETE", "/node/{node}", None, DONE),
    # role
    ("GET", f"/role/{ABSENT}", None, MISSING),
    ("PATCH", f"/role/{ABSENT}", {}, MISSING),
    ("DELETE", f"/role/{ABSENT}", None, MISSING),
    ("POST", "/role", {"name": "n"}, ROLE_INVALID),
    ("POST", "/role", {"name": "Researcher", "rules": []}, ROLE_INVALID),
    ("POST", "/role", {"name": "n", "rules": [ABSENT]}, MISSING),
    ("POST", "/role", {"name": "n", "rules": [], "organization_id": ABSENT}, MISSING),
    ("PATCH", "/role/{role}", {"organization_id": 1}, REFUSED),
    ("PATCH", "/role/{role}", {"rules": [ABSENT]}, MISSING),
    ("PATCH", "/role/{default_role}", {"description": "d"}, REFUSED),
    ("DELETE", "/role/{default_role}", None, REFUSED),
    ("POST", f"/role/{ABSENT}/rule/1", None, MISSING),
    ("POST", f"/role/{{role}}/rule/{ABSENT}", None, MISSING),
    ("DELETE", "/role/{role}/rule/{other_rule}", None, MISSING),
    ("GET", f"/role?rule_id={ABSENT}", None, MISSING),
    ("GET", f"/role?user_id={ABSENT}", None, REFUSED),
    # rule
    ("GET", f"/rule/{ABSENT}", None, MISSING),
    ("GET", f"/rule?role_id={ABSENT}", None, REFUSED),
    ("GET", f"/rule?user_id={ABSENT}", None, REFUSED),
    # pages
    ("GET", "/organization?page=0", None, FAILED),
    ("GET", "/organization?per_page=x", None, FAILED),
    ("GET", "/organization?sort=nothing", None, FAILED),
    ("GET", "/node?organization_id=x", None, deviates(mock=REFUSED, real=FAILED)),
]


@pytest.mark.parametrize(("method", "path", "body", "expected"), BY_ROOT)
def test_what_root_is_refused(server, place, method, path, body, expected):
    """Bodies that do not fit, objects that are not there, and what the rules of the domain forbid."""
    answer = server.root.request(method, filled(path, place), json=filled(body, place))

    assert outcome(answer) == server.expected(expected)


BY_NOBODY_IN_PARTICULAR = [
    ("GET", "/organization", None, DENIED),
    ("GET", "/organization/{own}", None, DENIED),
    ("POST", "/organization", {"junk": 1}, DENIED),
    ("PATCH", "/organization/{own}", {"junk": 1}, INVALID),
    ("PATCH", "/organization/{own}", {}, DENIED),
    ("DELETE", f"/organization/{ABSENT}", None, DENIED),
    ("GET", "/collaboration", None, DENIED),
    ("GET", "/collaboration/{collaboration}", None, DENIED),
    ("GET", f"/collaboration/{ABSENT}", None, MISSING),
    ("POST", "/collaboration", {"junk": 1}, INVALID),
    ("POST", "/collaboration", {"name": "fresh name", "organization_ids": [1], "encrypted": False}, DENIED),
    ("PATCH", "/collaboration/{collaboration}", {"junk": 1}, DENIED),
    ("DELETE", "/collaboration/{collaboration}", None, DENIED),
    ("POST", "/collaboration/{collaboration}/organization", {"junk": 1}, DENIED),
    ("DELETE", "/collaboration/{collaboration}/organization", {"junk": 1}, INVALID),
    ("DELETE", "/collaboration/{collaboration}/organization", {"id": "{own}"}, DENIED),
    ("GET", "/node", None, DENIED),
    ("GET", "/node/{node}", None, DENIED),
    ("POST", "/node", {"collaboration_id": "{collaboration}"}, DENIED),
    ("PATCH", "/node/{node}", {}, DENIED),
    ("DELETE", "/node/{node}", None, DENIED),
    ("GET", "/role", None, (200, ["data", "links"])),
    ("GET", "/role/{role}", None, DENIED),
    ("POST", "/role", {"name": "n", "rules": ["{rule}"]}, DENIED),
    ("POST", "/role", {"name": "n", "rules": []}, DENIED),
    ("PATCH", "/role/{role}", {"rules": [ABSENT]}, DENIED),
    ("DELETE", "/role/{role}", None, DENIED),
    ("POST", "/role/{role}/rule/{rule}", None, DENIED),
    ("GET", "/rule", None, (200, ["data", "links"])),
    ("GET", "/task", None, DENIED),
    ("GET", "/run", None, DENIED),
    ("GET", "/result", None, DENIED),
]


@pytest.mark.parametrize(("method", "path", "body", "expected"), BY_NOBODY_IN_PARTICULAR)
def test_what_a_user_without_rules_is_refused(server, place, method, path, body, expected):
    """Lack of a rule is a 401; whether the body or the rule is judged first differs from route to route."""
    answer = place["user"].request(method, filled(path, place), json=filled(body, place))

    assert outcome(answer) == server.expected(expected)


HALVES = [b"\\ud800", b"\\uDFFF", b"\\ude00\\ud83d", b"\xed\xa0\x80"]


@pytest.mark.parametrize("half", HALVES)
def test_halves_of_characters(server, half):
    """JSON can spell them, but they are no text. Not copied: the real server fails with a 500."""
    typed = {"Content-Type": "application/json"}

    answer = server.root.request("POST", "/organization", data=b'{"name": "%b"}' % half, headers=typed)

    assert outcome(answer) == server.expected(deviates(mock=GARBLED, real=FAILED))


def test_whole_characters(server):
    """Two halves that belong together are one."""
    name = server.name()
    body = b'{"name": "%b \\ud83d\\ude00"}' % name.encode()

    answer = server.root.request("POST", "/organization", data=body, headers={"Content-Type": "application/json"})

    assert answer.json()["name"] == f"{name} \U0001f600"
