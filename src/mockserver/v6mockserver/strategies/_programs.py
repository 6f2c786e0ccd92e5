"""
The strategy for programs: requests of users, one after the other.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from v6mockserver.state.releases import LATEST
from v6mockserver.strategies._roles import require_version
from v6mockserver.strategies._words import BOOLEANS, COMPANIES, HOSTS, JOBS, PROJECTS, required, texts

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from v6client import UserClient
    from v6mockserver.strategies._words import Part, Strategy

INPUT = b64encode(b'{"method": "one"}').decode()

METHODS = ("GET", "POST", "PATCH", "DELETE")
ALL, WITHOUT_CHANGE, READ_ONLY = METHODS, ("GET", "POST", "DELETE"), ("GET",)

NOUNS: Mapping[str, tuple[str, ...]] = {
    "organization": ALL,
    "collaboration": ALL,
    "study": ALL,
    "user": ALL,
    "node": ALL,
    "role": ALL,
    "task": WITHOUT_CHANGE,
    "run": READ_ONLY,
    "result": READ_ONLY,
    "rule": READ_ONLY,
}
"""What users can do to each noun."""

ABSENT = {"4.0": {("DELETE", "organization"), *((method, "study") for method in ALL)}}
"""What a version lacks."""


@dataclass(frozen=True, slots=True)
class Request:
    """
    One request of a user.

    Attributes
    ----------
    username : str
        Who sends it.
    method, path : str
        What is asked for; the path below the API path.
    json : mapping or None
        The body.
    params : mapping
        The query.
    """

    username: str
    method: str
    path: str
    json: Mapping[str, Any] | None = None
    params: Mapping[str, Any] = field(default_factory=dict)

    def send(self, client: UserClient) -> Any:
        """
        Send it with a client of its user, and return the answer.

        Raises
        ------
        V6ClientError
            If the server refuses it.
        """
        return client.request(self.path, self.json, self.method, self.params)


def _fields(ids: Strategy[int]) -> Mapping[tuple[str, str], Part]:
    """
    Return what the body of a request is made of, by method and noun: a strategy for each field.
    """
    several = st.lists(ids, min_size=1, max_size=3, unique=True)
    address: Part = {"name": COMPANIES, "country": texts("country"), "domain": HOSTS}
    person: Part = {"firstname": texts("first_name"), "lastname": texts("last_name"), "email": texts("email")}
    held: Part = {"roles": several, "rules": several}
    account: Part = {"username": texts("user_name"), "password": texts("password"), "organization_id": ids}
    target = st.fixed_dictionaries({"id": ids, "input": st.just(INPUT)})
    name: Part = {"name": PROJECTS}
    members: Part = {"organization_ids": several}
    return {
        ("POST", "organization"): address,
        ("PATCH", "organization"): address,
        ("POST", "collaboration"): {**name, **members, "encrypted": BOOLEANS},
        ("PATCH", "collaboration"): {**name, "encrypted": BOOLEANS},
        ("POST", "study"): {**name, **members, "collaboration_id": ids},
        ("PATCH", "study"): name,
        ("POST", "user"): {**account, **person, **held},
        ("PATCH", "user"): {**person, **held},
        ("POST", "node"): {"name": HOSTS, "organization_id": ids, "collaboration_id": ids},
        ("PATCH", "node"): {"name": HOSTS},
        ("POST", "role"): {"name": JOBS, "description": JOBS, "rules": several, "organization_id": ids},
        ("PATCH", "role"): {"name": JOBS, "rules": several},
        ("POST", "task"): {
            **name,
            "image": HOSTS,
            "collaboration_id": ids,
            "organizations": st.lists(target, min_size=1, max_size=2),
        },
    }


NO_BODY: Strategy[Part | None] = st.none()
NO_QUERY: Strategy[Part] = st.just({})
PAGES: Strategy[Part] = st.fixed_dictionaries({}, optional={"page": st.integers(1, 3), "per_page": st.integers(1, 20)})
DEPENDENTS: Strategy[Part] = st.sampled_from([{}, {"delete_dependents": "1"}])
IDS = st.integers(1, 8)


def programs(
    usernames: Sequence[str],
    *,
    methods: Collection[str] = METHODS,
    ids: Strategy[int] = IDS,
    max_requests: int = 10,
    version: str = LATEST,
) -> Strategy[list[Request]]:
    """
    Return a strategy for programs: requests of users, one after the other.

    Each is one that a server understands. Whether it allows it, and whether what it speaks of exists, is for the server
    to say: ids are small numbers, as servers give them. Shrinks towards few requests that change nothing.

    Parameters
    ----------
    usernames : sequence of str
        Who can send them.
    methods : collection of str, optional
        The HTTP methods that can be in it; by default all that there are.
    ids : strategy, optional
        The ids that requests speak of; by default from 1 to 8.
    max_requests : int, default 10
        How many there are at most.
    version : str
        The server version that they are for.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(programs(["nora"], methods=["DELETE"]), len)
    [Request(username='nora', method='DELETE', path='organization/1', json=None, params={})]
    """
    require_version(version)
    unknown = set(methods) - set(METHODS)
    if unknown or not methods:
        msg = f"methods={methods!r} is not some of {', '.join(METHODS)}"
        raise InvalidArgument(msg)
    users = st.sampled_from(required(usernames, "usernames"))
    requests = [
        _requests(users, method, noun, ids)
        for method in METHODS
        if method in methods
        for noun, possible in NOUNS.items()
        if method in possible and (method, noun) not in ABSENT.get(version, ())
    ]
    return st.lists(st.one_of(requests), max_size=max_requests)


def _requests(users: Strategy[str], method: str, noun: str, ids: Strategy[int]) -> Strategy[Request]:
    one = ids.map(lambda id_: f"{noun}/{id_}")
    every = st.just(noun)
    fields = _fields(ids).get((method, noun), {})
    paths, bodies, queries = {
        "GET": (every | one, NO_BODY, PAGES),
        "POST": (every, st.fixed_dictionaries(fields), NO_QUERY),
        "PATCH": (one, st.fixed_dictionaries({}, optional=fields), NO_QUERY),
        "DELETE": (one, NO_BODY, DEPENDENTS),
    }[method]
    return st.builds(Request, users, st.just(method), paths, bodies, queries)
