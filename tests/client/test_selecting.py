"""The keywords that select rows and fields from an answer."""

from __future__ import annotations

import inspect

import pytest

from v6client import UserClient
from v6client.exceptions import UsageError


def test_one_field(anywhere):
    """It comes as a dict with that key."""
    assert anywhere.organization.get(2, field="name") == {"name": "Hospital 1"}
    assert anywhere.rule.list(per_page=2, field="id") == [{"id": 1}, {"id": 2}]


def test_several_fields(anywhere):
    """They come in the order that was asked for, of every call that answers with objects."""
    made = anywhere.user.create("vera", "Vera", "V", "Secret-42", "v@x.org", fields=("username", "id"))
    changed = anywhere.user.update(made["id"], firstname="Verena", field="firstname")

    assert list(made) == ["username", "id"]
    assert changed == {"firstname": "Verena"}
    assert anywhere.user.list(username="vera", fields=["email", "username"]) == [
        {"email": "v@x.org", "username": "vera"}
    ]


def test_filters(anywhere):
    """Rows of the page that fit all of them come without the page around them."""
    assert [row["id"] for row in anywhere.rule.list(filter_=("scope", "OWN"), per_page=90)] == [
        row["id"] for row in anywhere.rule.iter(scope="OWN")
    ]
    filters = [("scope", "GLOBAL"), ("operation", "DELETE"), ("name", "node")]
    (row,) = anywhere.rule.list(filters=filters, per_page=90, fields=["name", "scope"])
    assert row == {"name": "node", "scope": "GLOBAL"}


def test_filters_of_nothing(anywhere):
    """An empty page has no rows, whatever is asked of them."""
    assert anywhere.task.list(filter_=("name", "x"), field="id") == []
    assert anywhere.task.list(filters=[]) == []


def test_tasks_and_nodes(nora, root):
    """Calls that can do without a collaboration have the keywords too."""
    call = {"organizations": [3], "name": "n", "image": "count", "description": "", "input_": {}, "collaboration": 1}
    task = nora.task.create(**call, field="id")

    assert nora.task.get(id_=task["id"], fields=["name"]) == {"name": "n"}
    assert [set(run) for run in nora.run.from_task(task["id"], field="status")] == [{"status"}]
    (node,) = root.node.list(per_page=1, field="id")
    assert root.node.update(node["id"], name="first", field="name") == {"name": "first"}


@pytest.mark.parametrize(
    ("keywords", "said"),
    [
        ({"field": "nmae"}, "has no field 'nmae'; it has .*name"),
        ({"fields": ["id", "nmae"]}, "has no field 'nmae'"),
        ({"filter_": ("nmae", "x")}, "has no field 'nmae'"),
        ({"fields": "name"}, "field='name'"),
        ({"field": "id", "fields": ["id"]}, "not both"),
        ({"filter_": ("id", 1), "filters": []}, "not both"),
        ({"filter_": "name"}, "a pair"),
        ({"filters": ("name", "x")}, "a pair"),
        ({"field": ["id"]}, "the name of one, such as 'id', not"),
        ({"filter_": (1, "x")}, "the name of one"),
        ({"fields": 7}, "fields is a list of names, not 7"),
        ({"filters": 7}, "filters is a list of pairs, not 7"),
    ],
)
def test_what_makes_no_sense_is_refused(root, keywords, said):
    """A misspelt name would select nothing, silently."""
    with pytest.raises(UsageError, match=said):
        root.organization.list(**keywords)


def test_a_bad_selection_changes_nothing(root):
    """What is wrong in itself is refused before the call."""
    with pytest.raises(UsageError):
        root.organization.create("New", "", "", "", "", "", field="id", fields=["id"])

    assert root.organization.list(name="New")["data"] == []


def test_signatures_show_the_keywords():
    """Behind all others, for help() and completion."""
    shown = list(inspect.signature(UserClient.Rule.list).parameters)

    assert shown == [
        *("self", "name", "operation", "scope", "role", "page", "per_page"),
        *("field", "fields", "filter_", "filters"),
    ]
    assert list(inspect.signature(UserClient.Task.create).parameters)[-2:] == ["field", "fields"]
