"""
What is compared of an answer and of what it left behind, and how.

Both are cleaned first: what legitimately differs between two servers, or between today and tomorrow, is put under a
name. `CLEANERS` lists what that is; everything else is compared as it is.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import jwt

from .real_tables import RELATIONS, TIMES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .in_process import Reply

    Tables = dict[str, list[Any]]

COMPARED_HEADERS = (
    "access-control-allow-origin",
    "access-control-expose-headers",
    "allow",
    "content-disposition",
    "content-type",
    "jwt-token",
    "link",
    "location",
    "total-count",
    "www-authenticate",
)
"""The headers that clients read; of all others each server may have its own."""

TEXTS = ("msg", "message")
"""The keys of texts for humans, which are no part of the contract; that they are there is."""

MOMENT = re.compile(r"20(2[5-9]|[3-9]\d)-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?")
"""A time of these years; in the worlds that are compared, everything happened in 2020, and requests speak of 2021."""

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
TOKEN = re.compile(r"eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+")
ONE_TIME_SECRET = re.compile(r"\b[A-Z2-7]{32}\b")
UNORDERED = ("methods", "roles", "rules", "orgs_in_collabs")
"""Keys of lists in no particular order."""

HASHES = ("password", "api_key")
"""Columns of hashes, which are salted."""


class Answer(NamedTuple):
    """
    What is compared of an answer.
    """

    status: int
    headers: dict[str, Any]
    body: Any


def cleaned(reply: Reply) -> Answer:
    """
    Return what is to be compared of an answer.
    """
    present = {name.lower(): value for name, value in reply.headers if name.lower() in COMPARED_HEADERS}
    headers = {name: HEADER_CLEANERS.get(name, clean_text)(value) for name, value in sorted(present.items())}
    return Answer(reply.status, headers, _body(reply.body, present.get("content-type", "")))


def _body(body: bytes, content_type: str) -> Any:
    if not body:
        return None
    if content_type.startswith("application/json"):
        return _ordered(clean(json.loads(body)))
    return "<html>" if content_type.startswith("text/html") else b64encode(body).decode()


def _ordered(body: Any) -> Any:
    # A list without an envelope, such as the members of a collaboration, is in no particular order.
    return sorted(body, key=lambda item: item["id"]) if isinstance(body, list) else body


def clean(value: Any) -> Any:
    """
    Return a value without what differs from server to server.
    """
    if isinstance(value, dict):
        return {key: _clean_member(key, member) for key, member in value.items()}
    if isinstance(value, list):
        return [clean(member) for member in value]
    return clean_text(value) if isinstance(value, str) else value


def _clean_member(key: str, value: Any) -> Any:
    if key in TEXTS or key == "errors":
        return without_texts(value)
    if key in UNORDERED and isinstance(value, list):
        return sorted(value)
    return clean(value)


def without_texts(value: Any) -> Any:
    """
    Return what is told of a mistake, without the wording: which fields and items, but not how it is put.
    """
    if isinstance(value, dict):
        return {key: without_texts(member) for key, member in value.items()}
    return "<texts>" if isinstance(value, list) else "<text>" if isinstance(value, str) else value


def clean_text(text: str) -> Any:
    """
    Return a text with what is made anew each time put under a name.
    """
    for pattern, replacement in CLEANERS.values():
        text = pattern.sub(replacement, text)
    return text


def _claims(match: re.Match[str]) -> str:
    claims = jwt.decode(match[0], options={"verify_signature": False, "verify_sub": False})
    born = claims.get("iat", 0)
    ages = {key: claims[key] - born for key in ("iat", "nbf", "exp") if key in claims}
    ids = {key: UUID.sub("<uuid>", claims[key]) for key in ("jti", "csrf") if key in claims}
    roles = {"roles": sorted(claims.get("roles", []))}
    return json.dumps(claims | ages | ids | roles, sort_keys=True)


CLEANERS: dict[str, tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]] = {
    "tokens are read, and their times counted from when they were made": (TOKEN, _claims),
    "random ids and api keys": (UUID, "<uuid>"),
    "times of the request itself": (MOMENT, "<now>"),
    "secrets for one-time codes": (ONE_TIME_SECRET, "<secret>"),
}
"""What is cleaned in texts; the keys say so in recordings."""

HEADER_CLEANERS: dict[str, Callable[[str], Any]] = {
    "allow": lambda methods: sorted(re.split(r",\s*", methods)),
    "location": lambda url: urlsplit(url).path,
    "link": lambda links: sorted(links.split(",</")),
}

Delta = dict[str, Any]


def cleaned_changes(before: Tables, changes: dict[str, Any]) -> Delta:
    """
    Return what became of tables: the columns that changed by table and id, null for a row that is gone.

    Parameters
    ----------
    before : dict
        The tables as they were.
    changes : dict
        The rows and pairs that changed and those gone, as `real_tables.difference` has them.
    """
    found: Delta = {}
    for table, rows in sorted(changes.items()):
        if table in RELATIONS:
            # A real server may hold a pair twice.
            found[table] = {
                "added": sorted(map(list, {*map(tuple, rows["changed"])})),
                "removed": sorted(map(list, {*map(tuple, rows["gone"])})),
            }
        else:
            known = {row["id"]: row for row in before[table]}
            found[table] = {str(row["id"]): _changed(known.get(row["id"], {}), row) for row in rows["changed"]}
            found[table] |= dict.fromkeys(map(str, rows["gone"]))
    return found


def _changed(before: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    return {name: _cleaned_column(name, value) for name, value in row.items() if before.get(name, before) != value}


def _cleaned_column(name: str, value: Any) -> Any:
    if value is None or not isinstance(value, str):
        return value
    if name in HASHES:
        return "<hash>"
    return MOMENT.sub("<now>", value) if name in TIMES else clean_text(value)


def differences(real: Any, mock: Any, path: str = "") -> Iterator[str]:
    """
    Yield where two cleaned values differ, one line for each place.
    """
    if isinstance(real, dict) and isinstance(mock, dict):
        for key in sorted({*real, *mock}, key=str):
            where = f"{path}.{key}" if path else str(key)
            if key not in mock:
                yield f"{where}: real {shown(real[key])}, mock has no such key"
            elif key not in real:
                yield f"{where}: real has no such key, mock {shown(mock[key])}"
            else:
                yield from differences(real[key], mock[key], where)
    elif isinstance(real, list) and isinstance(mock, list) and len(real) == len(mock):
        for number, (one, other) in enumerate(zip(real, mock, strict=True)):
            yield from differences(one, other, f"{path}[{number}]")
    elif real != mock or type(real) is not type(mock):
        yield f"{path}: real {shown(real)}, mock {shown(mock)}"


def shown(value: Any) -> str:
    """
    Return a value as a line of a report has it.
    """
    text = json.dumps(value)
    return text if len(text) < 120 else f"{text[:120]}…"
