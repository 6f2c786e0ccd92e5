"""Ports and the VPN: who offers them, and who is told."""

from __future__ import annotations

import pytest

from .network import DENIED, DONE, FAILED, INVALID, REFUSED, deviates, made, outcome
from .work import Work

pytestmark = pytest.mark.validated("4.15.2")

ABSENT = 999_999_999
UNAVAILABLE = (501, ["msg"])


@pytest.fixture
def work(server):
    """Three organizations, two collaborations."""
    return Work(server)


def offer(work, run, **columns):
    """Let the node of a run offer a port."""
    return work.node_of(run).post("/port", {"port": 8888, "run_id": run["id"]} | columns)


@pytest.mark.parametrize("label", ["web", "", None])
def test_a_port(work, label):
    """It is shown with its run; an empty label is one."""
    run = work.run()

    port = made(offer(work, run, label=label))

    assert port == {"id": port["id"], "port": 8888, "label": label}
    assert made(work.researcher.get(f"/run/{run['id']}"))["ports"] == [port]


def test_ports_are_not_unique(work):
    """The same one can be offered twice, and one without a label has none."""
    run = work.run()

    ports = [made(offer(work, run)) for _ in range(2)]

    assert [port["label"] for port in ports] == [None, None]
    assert len(made(work.researcher.get(f"/run/{run['id']}"))["ports"]) == 2


@pytest.mark.parametrize("port", [8888, 8888.5, "8888"])
def test_numbers_of_ports(work, port):
    """Server quirk: a fraction is cut off, and text that is a number is one."""
    assert made(offer(work, work.run(), port=port))["port"] == 8888


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"port": 0}, INVALID),
        ({"port": 65536}, INVALID),
        ({"port": "x"}, INVALID),
        ({"port": None}, INVALID),
        ({"run_id": 0}, INVALID),
        ({"run_id": "x"}, INVALID),
        ({"label": 1}, INVALID),
        ({"label": "x" * 129}, INVALID),
        ({"more": 1}, INVALID),
        ({"run_id": ABSENT}, deviates(mock=REFUSED, real=FAILED)),
    ],
)
def test_refused_ports(work, changes, expected):
    """A port is a number that fits, of a run that is there."""
    assert outcome(offer(work, work.run(), **changes)) == work.server.expected(expected)


@pytest.mark.parametrize("missing", ["port", "run_id"])
def test_a_port_needs_both(work, missing):
    """The number and the run."""
    body = {"port": 1, "run_id": 1}
    del body[missing]

    assert outcome(work.node(work.alpha).post("/port", body)) == INVALID


def test_ports_of_other_nodes(work):
    """Only the very node of a run offers and withdraws its ports, not its organization's node elsewhere."""
    run = work.run()
    body = {"port": 1, "run_id": run["id"]}

    for node in (work.node(work.beta), work.node(work.alpha, work.other)):
        assert outcome(node.post("/port", body)) == DENIED
        assert outcome(node.delete("/port", run_id=run["id"])) == DENIED


def test_withdrawing(work):
    """All ports of a run go at once; where there are none, none go."""
    run = work.run()
    offer(work, run)
    offer(work, run, port=1)

    answers = [outcome(work.node_of(run).delete("/port", run_id=run["id"])) for _ in range(2)]

    assert answers == [DONE, DONE]
    assert made(work.researcher.get(f"/run/{run['id']}"))["ports"] == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, REFUSED),
        ({"run_id": ""}, deviates(mock=REFUSED, real=FAILED)),
        ({"run_id": "x"}, deviates(mock=REFUSED, real=FAILED)),
        ({"run_id": ABSENT}, deviates(mock=REFUSED, real=FAILED)),
    ],
)
def test_refused_withdrawals(work, query, expected):
    """The query names a run."""
    assert outcome(work.node(work.alpha).delete("/port", **query)) == work.server.expected(expected)


def test_nobody_reads_ports(work):
    """They are seen with their runs alone."""
    assert outcome(work.node(work.alpha).get("/port")) == (405, ["message"])


class Family:
    """A task at Alpha and Beta with a parent and two children; every run offers the port of its own number."""

    def __init__(self, work):
        self.parent = work.task(work.alpha)
        self.own = work.subtask(self.parent, work.alpha, work.beta)
        self.children = [work.subtask(self.own, one) for one in (work.alpha, work.beta)]
        self.container = work.container(self.own, work.alpha)
        self.names = {}
        tasks = {"parent": [self.parent], "own": [self.own], "child": self.children}
        for name, members in tasks.items():
            for task in members:
                for run in work.runs(task):
                    who = "alpha" if run["organization"]["id"] == work.alpha["id"] else "beta"
                    port = made(offer(work, run, port=run["id"] % 65535 + 1, label=who))
                    self.names[port["port"]] = f"{name} {who}"

    def addresses(self, **query):
        """Return what the container of the task at Alpha is told."""
        return made(self.container.get("/vpn/algorithm/addresses", **query))["addresses"]

    def told(self, **query):
        """Return the names of the ports in it."""
        return sorted(self.names[address["port"]] for address in self.addresses(**query))


@pytest.fixture
def family(work):
    """A task with a parent and two children."""
    return Family(work)


PARENT, OWN, CHILDREN = ["parent alpha"], ["own alpha", "own beta"], ["child alpha", "child beta"]


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ([], OWN),
        (["include_children"], CHILDREN + OWN),
        (["include_parent"], OWN + PARENT),
        (["include_children", "include_parent"], CHILDREN + OWN + PARENT),
        (["only_children"], CHILDREN),
        (["only_parent"], PARENT),
        (["only_siblings"], ["own beta"]),
        (["only_self"], ["own alpha"]),
        (["only_children", "include_parent"], CHILDREN + PARENT),
        (["only_children", "include_children"], CHILDREN),
        (["only_parent", "include_children"], PARENT),
        (["only_self", "include_children", "include_parent"], ["own alpha"]),
    ],
)
def test_addresses(family, flags, expected):
    """The container's own task at all organizations, and what the flags add or put in its place."""
    assert family.told(**dict.fromkeys(flags, "1")) == expected


@pytest.mark.parametrize(("value", "expected"), [("0", CHILDREN), ("false", CHILDREN), ("", OWN)])
def test_any_text_sets_a_flag(family, value, expected):
    """Server quirk: also "0"; no text at all does not."""
    assert family.told(only_children=value) == expected


@pytest.mark.parametrize(("label", "expected"), [("beta", ["own beta"]), ("BETA", []), ("", OWN)])
def test_addresses_by_label(family, label, expected):
    """A label is matched exactly; an empty one is passed over."""
    assert family.told(label=label) == expected


def test_an_address(work, family):
    """It says where the port is, and for which task."""
    (address,) = family.addresses(only_self=1)

    assert address["ip"] is None
    assert (address["label"], address["organization_id"]) == ("alpha", work.alpha["id"])
    assert (address["task_id"], address["parent_id"]) == (family.own["id"], family.parent["id"])


@pytest.mark.parametrize(
    "flags",
    [
        ("only_children", "only_parent"),
        ("only_siblings", "only_self"),
        ("only_children", "only_self", "include_parent"),
    ],
)
def test_flags_that_exclude_each_other(family, flags):
    """At most one of the only_ flags."""
    answer = family.container.get("/vpn/algorithm/addresses", **dict.fromkeys(flags, "1"))

    assert outcome(answer) == REFUSED


def test_only_the_parent_of_a_task_without_one(work):
    """Server quirk: the flag does nothing then."""
    task = work.task(work.alpha)
    offer(work, work.runs(task)[0], label="here")
    container = work.container(task, work.alpha)

    (address,) = made(container.get("/vpn/algorithm/addresses", only_parent=1))["addresses"]

    assert (address["label"], address["parent_id"]) == ("here", None)


def test_there_is_no_vpn(work):
    """A server that was not given one says so. Not copied: on 4.15 the update always fails with a 500."""
    node = work.node(work.alpha)

    assert outcome(node.get("/vpn")) == UNAVAILABLE
    expected = work.server.expected(deviates(mock=UNAVAILABLE, real=FAILED))
    assert outcome(node.post("/vpn/update", {"vpn_config": "x"})) == expected


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/port"), ("DELETE", "/port"), ("GET", "/vpn"), ("GET", "/vpn/algorithm/addresses")]
)
def test_users_have_no_part_in_it(work, method, path):
    """Server quirk: the wrong kind of caller gets a 500."""
    assert outcome(work.researcher.request(method, path, json={})) == FAILED
