"""Schemathesis fires what it makes of the OpenAPI document at the server. `tox -e schemathesis`."""

from __future__ import annotations

import re
from base64 import b64encode
from urllib.parse import parse_qs, urlsplit
from zlib import crc32

import pytest

pytest.importorskip("schemathesis", reason="needs an environment of its own: tox -e schemathesis")

import schemathesis
from hypothesis import settings
from schemathesis.specs.openapi import checks

from v6mockserver.state.tables import Table

from .world import PopulatedServer

pytestmark = pytest.mark.slow

LARGE = 2**31
"""Numbers from here on are sent as they are, and so are one in a few others; most ids become the id of something."""

NOUNS = {
    "init_org": "organization",
    "init_user": "user",
    "organizations": "organization",
    "parent": "task",
    "job": "task",
    "roles": "role",
    "rules": "rule",
    "algorithmstore": "algorithm_store",
    "store": "algorithm_store",
}
"""What keys and paths call a noun otherwise."""

TEXTS = {
    "password": lambda text: f"{text}aA1-",
    "input": lambda text: b64encode(text.encode()).decode(),
    "server_url": lambda text: f"https://mock.example.org/{len(text)}",
}
"""What makes most texts of these keys pass the checks that no schema can express."""


def map_path_parameters(context, path_parameters):
    """Let most paths lead somewhere."""
    nouns = {name: noun for noun, name in re.findall(r"(\w+)/{(\w+)}", context.operation.path)}
    return {name: id_of(context.operation, nouns[name], value) for name, value in (path_parameters or {}).items()}


def map_query(context, query):
    """Let most filters name something."""
    return improved(context.operation, query, noun="")


def map_body(context, body):
    """Let most bodies be about something."""
    return improved(context.operation, body, noun=context.operation.path.rpartition("/")[2])


def improved(operation, value, noun):
    """Return a value with better ids and texts in it; `noun` is what it is about."""
    if isinstance(value, list):
        return [improved(operation, one, noun) for one in value]
    if not isinstance(value, dict):
        return value
    return {key: better(operation, key, improved(operation, one, key), noun) for key, one in value.items()}


def better(operation, key, value, noun):
    """Return the value of one key, or a better one."""
    if isinstance(value, str) and key in TEXTS and crc32(value.encode()) % 8:
        return TEXTS[key](value)
    noun = noun if key in {"id", "ids"} else re.sub("_ids?$", "", key)
    if isinstance(value, list):
        return [id_of(operation, noun, one) for one in value]
    return id_of(operation, noun, value)


def id_of(operation, noun, value):
    """Return an id of that noun for most numbers, and everything else as it is."""
    table = getattr(operation.app._world, NOUNS.get(noun, noun), None)
    if not isinstance(table, Table) or type(value) is not int or not 0 <= value < LARGE:
        return value
    ids = [*table.ids(), value]
    return ids[value % len(ids)]


def makes_sense(parameter, text):
    """Tell whether a text is what the document says of a parameter."""
    schema = parameter["schema"]
    if schema["type"] != "integer":
        return re.match(schema["pattern"], text) is not None
    try:
        return int(text) >= schema["minimum"]
    except ValueError:
        return False


def failed_as_described(ctx, response, case):
    """Accept a 500 only for a cause that the document names for this operation."""
    if response.status_code != 500:
        return
    operation = case.operation.definition.raw
    causes = operation["responses"]["500"].get("x-causes", {})
    sent = parse_qs(urlsplit(response.request.url).query, keep_blank_values=True)
    parameters = [one for one in operation["parameters"] if one["name"] in causes.get("query", ())]
    nonsense = [one["name"] for one in parameters for text in sent.get(one["name"], ()) if not makes_sense(one, text)]
    missing = [name for name in causes.get("body", ()) if isinstance(case.body, dict) and name not in case.body]
    assert nonsense or missing, f"a 500 without a cause: {response.text}"


CHECKS = [
    failed_as_described,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.unsupported_method,
    checks.allow_header_conformance,
]


def described(version):
    """Return a populated server, and what schemathesis knows of it."""
    populated = PopulatedServer(version)
    schema = schemathesis.openapi.from_wsgi("/openapi.json", populated.server)
    for hook in (map_path_parameters, map_query, map_body):
        schema.hook(hook)
    return populated, schema


def headers_for(populated, case):
    """Return the token of somebody whom the operation is for; one in ten goes with what schemathesis takes for one."""
    kinds = [kind for scheme in case.operation.definition.raw["security"] for kind in scheme]
    callers = [token for kind in kinds for token in populated.tokens[kind]]
    chance = crc32(repr((case.path_parameters, case.query, case.body)).encode())
    return {"Authorization": f"Bearer {callers[chance % len(callers)]}"} if callers and chance % 10 else {}


def send(populated, case):
    """Send what schemathesis made up to a server with some of everything, and look at the answer."""
    populated.restore()
    case.call_and_validate(headers=headers_for(populated, case), checks=CHECKS)


def programs(populated, schema):
    """Return the test of programs: what one answer names is what the next requests are about."""

    class Program(schema.as_state_machine()):
        def setup(self):
            populated.restore()

        def get_call_kwargs(self, case):
            return {"headers": headers_for(populated, case)}

        def validate_response(self, response, case, additional_checks=None, **kwargs):
            wanted = [*CHECKS, *(additional_checks or [])]
            case.validate_response(response, checks=wanted, transport_kwargs=kwargs, recorder=self.recorder)

    test = Program.TestCase
    test.settings = settings(test.settings, max_examples=settings.default.max_examples)
    return test


newest, schema_of_newest = described("4.15")
oldest, schema_of_oldest = described("4.0")


@schema_of_newest.parametrize()
def test_4_15(case):
    """Server 4.15 answers whatever it is asked as its document says."""
    send(newest, case)


@schema_of_oldest.parametrize()
def test_4_0(case):
    """Server 4.0 answers whatever it is asked as its document says."""
    send(oldest, case)


TestPrograms415 = programs(newest, schema_of_newest)
TestPrograms40 = programs(oldest, schema_of_oldest)
