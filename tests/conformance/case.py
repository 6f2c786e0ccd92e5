"""
One request that is compared, in a form that recordings can keep.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Any
from urllib.parse import urlencode

ABSENT: Any = object()
"""Where a body would be, and is not."""

JSON = "application/json"
SHOWN = 200
"""How many characters of a body are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """
    One request.

    Attributes
    ----------
    area : str
        What it is about: "callers", "rules", "bodies" or "queries".
    route : str
        The route that it is for, such as "PATCH /user/<id>".
    caller : str
        Who sends it: a name in the cast, "nobody", or a name and what is wrong with the token, such as "root, expired".
    method, target : str
        The request line, with the API path and the query.
    text : str, optional
        The body.
    content_type : str, optional
        What the body is said to be.
    headers : tuple of pairs
        Further headers.
    rules, roles : tuple of int
        Ids of what the user `holder` holds while it is sent.
    """

    area: str
    route: str
    caller: str
    method: str
    target: str
    text: str | None = None
    content_type: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    rules: tuple[int, ...] = ()
    roles: tuple[int, ...] = ()

    def data(self) -> dict[str, Any]:
        """
        Return it as plain data, without what has its default.
        """
        plain = asdict(self)
        return {field.name: plain[field.name] for field in fields(self) if plain[field.name] != field.default}

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Case:
        """
        Return the case that plain data describes.
        """
        lists = {key: tuple(data[key]) for key in ("rules", "roles") if key in data}
        headers = tuple((name, value) for name, value in data.get("headers", ()))
        return cls(**{**data, **lists, "headers": headers})

    @property
    def line(self) -> str:
        """
        All of it in one line.
        """
        return self._line(self.text)

    def __str__(self) -> str:
        is_long = self.text is not None and len(self.text) > SHOWN
        return self._line(f"{self.text[:SHOWN]}…" if self.text is not None and is_long else self.text)

    def _line(self, text: str | None) -> str:
        held = f" holding {list(self.rules)} {list(self.roles)}" if self.caller == "holder" else ""
        body = "" if text is None else f" {text}"
        said = "" if self.content_type in {JSON, None} else f" as {self.content_type}"
        return f"{self.method} {self.target}{body}{said} by {self.caller}{held}"


def target(path: str, query: Any = ()) -> str:
    """
    Return the target of a request line.
    """
    return f"/api{path}" + (f"?{urlencode(query)}" if query else "")


def body(value: Any) -> dict[str, Any]:
    """
    Return the fields of a case that a JSON body takes; none for an absent one.
    """
    return {} if value is ABSENT else {"text": json.dumps(value), "content_type": JSON}
