"""The OpenAPI document says what the server does, in each release."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from v6mockserver import MockServer
from v6mockserver._app import NOUNS, application, routes_of
from v6mockserver._openapi import document, template
from v6mockserver.api._links import API_PATH
from v6mockserver.state.query import Parameters
from v6mockserver.state.releases import RELEASES

from .world import operations, populated

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=sorted(RELEASES))
def version(request):
    """A version of the server."""
    return request.param


def test_is_valid(version):
    """It keeps to OpenAPI 3.1."""
    assert [error.message for error in OpenAPIV31SpecValidator(document(version)).iter_errors()] == []


def test_has_every_route(version):
    """Every method of every path that the release has is described, and no other."""
    rules = [rule for rule in application(version).url_map.iter_rules() if rule.rule.startswith(API_PATH)]
    served = {
        f"{method} {template(rule.rule.removeprefix(API_PATH))}"
        for rule in rules
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }

    assert set(operations(version)) == served


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.routes.noun)
def test_every_route_says_what_it_answers(noun):
    """No route is left out of the description for want of an answer."""
    assert [route.path for route in noun.routes.routes if not route.answers] == []


def test_says_who_may_call(version):
    """An operation asks for the tokens of those whom it is for."""
    callers = {
        f"{route.method} {template(route.path)}": {*route.callers, *route.reads}
        for route in routes_of(RELEASES[version])
    }

    assert callers == {
        name: {kind for scheme in operation["security"] for kind in scheme}
        for name, operation in operations(version).items()
    }


def test_lists_read_the_parameters_that_are_described(version, monkeypatch):
    """What a route reads of its query is what it says it reads."""
    asked: set[str] = set()
    monkeypatch.setattr(Parameters, "texts", lambda self, name: asked.add(name) or self._values.get(name, ()))
    ignored = {"page", "per_page", "sort"}
    server = populated(version)

    for name, operation in operations(version).items():
        method, _, path = name.partition(" ")
        described = {one["name"] for one in operation["parameters"] if one["in"] == "query"} - ignored
        if method != "GET" and not described:
            continue
        asked.clear()
        server.restore()
        # Some parameters are looked at only where another is set.
        query = {"organization_id": 1} if path == "/role" else {}
        kind = next((kind for scheme in operation["security"] for kind in scheme), "user")
        token = server.tokens[kind][0]
        server.call(method, re.sub("{.*?}", "1", path).removeprefix("/"), token, params=query)
        unread = RELEASES[version].ignored_parameters.get(operation["tags"][0], frozenset())
        assert asked - unread == described, path


def sort_patterns(version):
    """Return the pattern of what each list without a variable in its path can be sorted by."""
    return {
        name: one["schema"]["pattern"]
        for name, operation in operations(version).items()
        for one in operation["parameters"]
        if one["name"] == "sort" and "{" not in name
    }


def test_lists_sort_by_the_columns_that_are_described(version):
    """Of all columns that any release sorts by, each list takes those that its pattern allows."""
    everything = "".join(pattern for one in RELEASES for pattern in sort_patterns(one).values())
    columns = {*re.findall(r"\w+", everything)}
    server = populated(version)
    server.restore()
    patterns = sort_patterns(version)

    for name, pattern in patterns.items():
        kind = next(kind for scheme in operations(version)[name]["security"] for kind in scheme)
        taken = {
            column
            for column in columns
            if server.send("GET", name.partition(" ")[2], server.tokens[kind][0], params={"sort": column}).ok
        }
        assert taken == {column for column in columns if re.search(pattern, column)}, name
    assert patterns


def test_is_served(version):
    """Anybody gets it, as JSON, below the root of the server."""
    server = MockServer(version=version)

    answer = server.session().get(f"{server.url}/openapi.json")

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.json() == document(version)
    assert answer.json()["info"]["version"] == RELEASES[version].number


def test_page_shows_it_and_asks_nobody_else():
    """The page and all that it loads come from the server itself."""
    server = MockServer()
    page = server.session().get(f"{server.url}/docs/")

    files = re.findall(r'(?:src|href)="(.*?)"', page.text)

    assert page.status_code == 200
    assert '"/openapi.json"' in page.text
    assert '"validatorUrl": null' in page.text
    assert [file for file in files if not file.startswith("/docs/")] == []
    assert {server.session().get(server.url + file).status_code for file in files} == {200}


def test_requests_load_nothing_of_it():
    """Who does not ask for the document does not wait for what makes it."""
    code = (
        "import json, sys; from v6mockserver import MockServer; server = MockServer();"
        "server.session().get(server.url + '/api/version'); print(json.dumps(sorted(sys.modules)))"
    )

    loaded = json.loads(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout)

    assert "flask" in loaded
    assert {"apispec", "flask_swagger_ui", "v6mockserver._openapi"}.isdisjoint(loaded)
