"""
Organizations, collaborations, rules, roles, users, nodes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from network import (
    ADDRESS,
    BRIEF,
    FAR,
    GONE,
    NORTH,
    OPEN,
    PASSWORD,
    ROOT_ORGANIZATION,
    SEALED,
    SOUTH,
    UNKNOWN,
    WEST,
    is_new,
    log_in,
)

if TYPE_CHECKING:
    from recorder import Recorded, Recorder


def organizations(root: Recorded, public_key: str) -> None:
    """
    Organizations: those that the other programs use, all ways to list them, and what is refused.
    """
    create, get, list_ = root.organization.create, root.organization.get, root.organization.list
    create("North", **ADDRESS)
    create("South", "", "", "", "BE", "south.org", public_key=public_key)
    create("West", "", "", "", "NL", "")
    create("Brief", "", "", "", "FR", "")
    create("North", **ADDRESS)
    create("", **ADDRESS)
    create(name=7, **ADDRESS)
    create("East", **ADDRESS, field="id")
    create("Centre", **ADDRESS, fields=("id", "name", "nonsense"))
    get()
    get(NORTH)
    get(SOUTH, field="name")
    get(id_=SOUTH, fields=["id", "country"])
    get(UNKNOWN)
    get(UNKNOWN, field="name")
    get("nonsense")
    list_()
    list_(name="%th")
    list_(country="NL", page=1, per_page=1)
    list_(collaboration=UNKNOWN)
    list_(page=2, per_page=3)
    list_(page=0)
    list_(per_page="many")


def post_filters(root: Recorded) -> None:
    """
    The keywords that filter what came from the server.
    """
    list_ = root.organization.list
    list_(field="name")
    list_(fields=["id", "domain", "nonsense"])
    list_(filter_=("country", "NL"))
    list_(filters=[("country", "NL"), ("name", "West")])
    list_(filters=[("country", "NL")], filter_=("name", "West"))
    list_(filter_=("nonsense", 1))
    list_(field="name", filter_=("country", "NL"))
    root.rule.list(field="scope", fields=["id"], per_page=3)
    root.rule.get(1, field="operation", fields=["id"])
    root.role.list(filter_=("name", "Root"))
    root.user.list(field="username")
    root.collaboration.list(scope="global", field="name")
    root.node.list(fields=["name", "status"])
    root.task.list(filter_=("name", "none"))
    root.util.get_server_version(field="version")
    root.role.get(1, field="name")


def organization_changes(root: Recorded) -> None:
    """
    Organizations are changed, and removed where the client can.
    """
    update = root.organization.update
    update(NORTH, "North Hospital", "2 Main Street", "b", "1001", "BE", "north.example", "")
    update(NORTH, "South", *ADDRESS.values())
    update(NORTH, domain="north.org")
    update(NORTH, country="NL", field="country")
    update(NORTH)
    update(name="Root Hospital")
    update(UNKNOWN, name="x")
    root.organization.get(NORTH)
    root.organization.get()
    if is_new(root):
        root.organization.delete(BRIEF)
        root.organization.delete(BRIEF)
        root.organization.delete(ROOT_ORGANIZATION, delete_dependents=True)


def collaborations(root: Recorded) -> None:
    """
    Collaborations: an open one, an encrypted one, one that nobody else sees.
    """
    create, get, list_ = root.collaboration.create, root.collaboration.get, root.collaboration.list
    create("Open", [NORTH, SOUTH])
    create("Sealed", organizations=[NORTH, SOUTH], encrypted=True)
    create("Far", [ROOT_ORGANIZATION, WEST], False, field="id")
    create("Gone", [NORTH, UNKNOWN])
    create("Open", [NORTH])
    create("Nobody", [])
    create("Twice", [NORTH, NORTH])
    create(None, [NORTH])
    get(OPEN)
    get(SEALED, fields=["name", "encrypted"])
    get(UNKNOWN)
    list_()
    list_(scope="global")
    list_(scope="global", organization=SOUTH, per_page=2)
    list_(scope="global", name="s%", encrypted=True)
    list_(scope="collaboration")
    list_("organization", page=2, per_page=1)
    root.organization.list(collaboration=OPEN)
    root.organization.list(collaboration=FAR, name="West")


def collaboration_changes(root: Recorded) -> None:
    """
    Collaborations are changed, joined, left and removed; also by way of the default collaboration.
    """
    collaboration = root.collaboration
    collaboration.update(GONE, name="Passing")
    collaboration.update(GONE, organizations=[NORTH, WEST], encrypted=True)
    collaboration.update(GONE, name="Open", field="name")
    collaboration.update(name="Nameless")
    collaboration.update(UNKNOWN, name="x")
    collaboration.add_organization(SOUTH, GONE)
    collaboration.add_organization(organization=UNKNOWN, collaboration=GONE)
    collaboration.add_organization(SOUTH)
    collaboration.remove_organization(SOUTH, collaboration=GONE)
    collaboration.remove_organization(UNKNOWN, GONE)
    root.setup_collaboration(UNKNOWN)
    root.setup_collaboration(GONE)
    collaboration.add_organization(BRIEF + 1)
    collaboration.remove_organization(BRIEF + 1)
    collaboration.update(name="Passing by")
    root.organization.list()
    collaboration.delete()
    collaboration.delete(GONE)
    root.target.collaboration_id = None
    collaboration.delete()


def rules(root: Recorded) -> None:
    """
    Rules are there to be looked at.
    """
    get, list_ = root.rule.get, root.rule.list
    get(1)
    get(id_=7, fields=["name", "operation"])
    get(UNKNOWN)
    list_()
    list_("task")
    list_(name="run", operation="view", scope="global")
    list_(operation="VIEW", scope="OWN")
    list_(scope="nonsense")
    list_(role=1, per_page=2, page=3)
    list_(role=UNKNOWN)


def roles(root: Recorded) -> None:
    """
    Roles are created, changed and removed; default ones stay.
    """
    create, get, list_, update, delete = (
        getattr(root.role, name) for name in ("create", "get", "list", "update", "delete")
    )
    viewing = [row["id"] for row in root.rule.list(operation="VIEW", scope="ORGANIZATION")["data"]]
    role = create("Onlooker", "looks on", viewing, NORTH)["id"]
    mine = create("Mine", "of the own organization", [1])["id"]
    create("Root", "a default role's name", [1])
    create("Void", "of unknown rules", [UNKNOWN])
    create("Ill", "of no rules", None)
    create("Lost", "of no organization", [1], organization=UNKNOWN)
    get(role)
    get(1)
    get(UNKNOWN)
    list_()
    list_(organization=NORTH)
    list_(name="Onlooker", description="looks%")
    list_(rule=1, page=1, per_page=2)
    list_(user=1)
    list_(user=UNKNOWN)
    list_(organization=NORTH, include_root=True, per_page=3)
    update(role, "Watcher", "watches", viewing[:2])
    update(role, name="Spectator")
    update(UNKNOWN, "a", "b", [1])
    update(1, "Not root", "b", [1])
    get(role)
    root.rule.list(role=role)
    delete(mine)
    delete(mine)
    delete(1)


def users(root: Recorded) -> None:
    """
    Users: a researcher, two administrators, somebody with a single rule, and a stranger.
    """
    create, get, list_ = root.user.create, root.user.get, root.user.list
    by_name = {role["name"]: role["id"] for role in root.role.list()["data"]}
    researcher, administrator, viewer = (by_name[name] for name in ("Researcher", "Organization Admin", "Viewer"))
    create("nora", "Nora", "N", PASSWORD, "nora@north.org", NORTH, [researcher])
    create("adam", "Adam", "A", PASSWORD, "adam@north.org", organization=NORTH, roles=[administrator])
    create("carla", "C", "C", PASSWORD, "carla@south.org", SOUTH, roles=[by_name["Collaboration Admin"]])
    create("rudy", "Rudy", "R", PASSWORD, "rudy@south.org", SOUTH, rules=[1, 2])
    create("wim", "Wim", "W", PASSWORD, "wim@west.org", WEST, roles=[viewer], field="id")
    create("nora", "Nora", "N", PASSWORD, "other@north.org", NORTH)
    create("weak", "W", "W", "weak", "weak@north.org", NORTH)
    create("mail", "M", "M", PASSWORD, "no address", NORTH)
    create("same", "S", "S", PASSWORD, "nora@north.org", NORTH)
    create("homeless", "H", "H", PASSWORD, "homeless@north.org")
    create("lost", "L", "L", PASSWORD, "lost@north.org", UNKNOWN)
    create("odd", "O", "O", PASSWORD, "odd@north.org", NORTH, roles=[UNKNOWN])
    get()
    get(2)
    get(2, fields=["username", "roles"])
    get(UNKNOWN)
    list_()
    list_(username="n%", organization=NORTH)
    list_(firstname="Adam", lastname="A", email="adam%")
    list_(role=viewer)
    list_(role=UNKNOWN)
    list_(last_seen_from="2000-01-01", last_seen_till="2100-01-01", per_page=1)


def user_changes(recorder: Recorder, root: Recorded) -> None:
    """
    Users are changed, by others and by themselves, and removed where the client can.
    """
    update = root.user.update
    update(2, firstname="Eleonora", lastname="Q", email="eleonora@north.org")
    update(2, email="adam@north.org")
    update(2, organization=SOUTH)
    update(2, rules=[3], field="username")
    update(2, rules=[])
    update(2, roles=[UNKNOWN])
    update(UNKNOWN, firstname="x")
    update(firstname="Super")
    update(roles=[])
    root.user.list(rule=3)
    nora = log_in(recorder, "nora")
    nora.user.update(lastname="N")
    nora.user.update(1, lastname="N")
    nora.user.get()
    nora.user.get(1)
    nora.user.list()
    nora.user.create("no", "No", "No", PASSWORD, "no@north.org", NORTH)
    if is_new(root):
        nora.user.delete(3)
        root.user.create("passing", "P", "P", PASSWORD, "passing@north.org", NORTH)
        (user,) = root.user.list(username="passing")["data"]
        root.user.delete(user["id"])
        root.user.delete(user["id"])


def nodes(root: Recorded) -> dict[int, str]:
    """
    Nodes for every collaboration; return the api keys of those of the open one, by organization.
    """
    create, get, list_ = root.node.create, root.node.get, root.node.list
    keys = {id_: create(OPEN, id_, f"node {id_}")["api_key"] for id_ in (NORTH, SOUTH)}
    keys |= {-id_: create(SEALED, id_, f"sealed {id_}")["api_key"] for id_ in (NORTH, SOUTH)}
    create(collaboration=FAR, organization=WEST)
    create(FAR, name="root's")
    create(OPEN, NORTH, "again")
    create(OPEN, WEST, "no member")
    create(UNKNOWN, NORTH, "nowhere")
    create(OPEN, UNKNOWN, "nobody's")
    create()
    (node,) = list_(name="node 2")["data"]
    get(node["id"])
    get(node["id"], field="name")
    get(UNKNOWN)
    list_()
    list_(organization=NORTH)
    list_(collaboration=OPEN, per_page=1)
    list_(is_online=True)
    list_(is_online=False, ip="127.0.0.1")
    list_(last_seen_from="2000-01-01", last_seen_till="2100-01-01")
    root.node.update(node["id"], name="node of North")
    root.node.update(node["id"], "node of North", clear_ip=True)
    root.node.update(node["id"], "node 3")
    root.node.update(UNKNOWN, name="x")
    root.node.kill_tasks(node["id"])
    root.node.kill_tasks(UNKNOWN)
    root.node.delete(UNKNOWN)
    return keys


def endings(root: Recorded) -> None:
    """
    Nodes, collaborations and organizations go, with all that hangs on them where the client can do that.
    """
    for row in root.node.list(organization=SOUTH)["data"]:
        root.node.delete(row["id"])
    root.node.list(fields=["name"])
    if is_new(root):
        root.collaboration.delete(OPEN)
        root.organization.delete(NORTH, delete_dependents=False)
        root.organization.list()
        root.user.list(field="username")
