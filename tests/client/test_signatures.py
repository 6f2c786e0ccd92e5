"""The API reference is the contract: names, order and defaults of every method."""

from __future__ import annotations

import inspect
import json
from functools import reduce
from pathlib import Path

import pytest

import v6client
from v6client import UserClient, exceptions
from v6client.utils import LogLevel

FIXTURES = Path(__file__).parents[2] / "fixtures"
REFERENCE = json.loads((FIXTURES / "api-reference-signatures.json").read_text())["signatures"]
LATER = json.loads((FIXTURES / "api-later-signatures.json").read_text())["signatures"]
METHODS = [(holder, name, text) for holder, methods in REFERENCE.items() for name, text in methods.items()]
ADDED = [(holder, name, text) for holder, methods in LATER.items() for name, text in methods.items()]
CONSTRUCTORS = "__init__"
# Without these, 4.15 asks for the study `None`.
NEEDED = {
    ("UserClient.Study", "delete"): "id_",
    ("UserClient.Study", "add_organization"): "study",
    ("UserClient.Study", "remove_organization"): "study",
    # The reference has no default for it; that it can be left out all the same is tested with the tasks and nodes.
    ("UserClient.Task", "create"): "collaboration",
    ("UserClient.Node", "create"): "collaboration",
}


def documented(text):
    """Return names and defaults of a signature as the reference prints it."""
    namespace = {}
    exec(f"def f{text}: ...", namespace)  # noqa: S102 -- text of our own fixture
    return [(one.name, one.default) for one in inspect.signature(namespace["f"]).parameters.values()]


def parameters(holder, name):
    """Return the parameters of one of our methods, without self."""
    method = getattr(reduce(getattr, holder.split(".")[1:], UserClient), name)
    return list(inspect.signature(method).parameters.values())[1:]


def ours(holder, name):
    """Return names and defaults of what can be passed by position."""
    return [(one.name, one.default) for one in parameters(holder, name) if one.kind is one.POSITIONAL_OR_KEYWORD]


@pytest.mark.parametrize(
    ("holder", "name", "text"), [method for method in METHODS if method[1] != CONSTRUCTORS], ids=lambda value: value
)
def test_method_has_the_documented_signature(holder, name, text):
    """A call written for the reference means the same here."""
    expected = [(argument, list(default) if default == [] else default) for argument, default in documented(text)]
    actual = [(argument, list(default) if default in ([], ()) else default) for argument, default in ours(holder, name)]

    assert actual == expected


def test_reference_has_all_its_methods():
    """The table lists the reference's methods, so that none can get lost in it."""
    assert len([method for method in METHODS if method[1] != CONSTRUCTORS]) == 44


@pytest.mark.parametrize(("holder", "name", "text"), ADDED, ids=lambda value: value)
def test_every_argument_of_later_releases_has_its_name(holder, name, text):
    """A call written for 4.15 with keywords is taken, and what may be left out may be left out."""
    expected = {argument for argument, _ in documented(text)}
    optional = {argument for argument, default in documented(text) if default is not inspect.Parameter.empty}
    optional.discard(NEEDED.get((holder, name)))

    actual = parameters(holder, name)

    assert expected <= {one.name for one in actual}
    assert optional <= {one.name for one in actual if one.default is not one.empty}


@pytest.mark.parametrize(
    ("holder", "name", "text"),
    [(holder, name, text) for holder, name, text in ADDED if name not in REFERENCE.get(holder, {})],
    ids=lambda value: value,
)
def test_later_methods_have_the_order_of_later_releases(holder, name, text):
    """Where the reference has no order to keep, that of 4.15 is kept."""
    assert [argument for argument, _ in ours(holder, name)] == [argument for argument, _ in documented(text)]


@pytest.mark.parametrize("holder", [holder for holder in REFERENCE if holder != "UserClient"])
def test_sub_clients_take_their_parent(holder):
    """As documented, a sub-client is made with the client it belongs to."""
    kind = reduce(getattr, holder.split(".")[1:], UserClient)

    assert list(inspect.signature(kind).parameters) == ["parent"]


def test_client_is_an_alias():
    """Both names of the reference are the same class."""
    assert v6client.Client is UserClient


def test_log_levels():
    """The documented levels are there."""
    assert [level.name for level in LogLevel] == ["DEBUG", "INFO", "WARN", "ERROR", "CRITICAL"]


def test_deserialization_exception():
    """The one documented exception is part of our tree."""
    assert issubclass(exceptions.DeserializationException, exceptions.V6ClientError)
