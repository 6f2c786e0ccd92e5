"""
What an official client's calls came to, in a form that does not depend on which server answered.

Runs in the client's own environment: it needs that client, requests and PyJWT, and knows nothing of this project.
"""

from __future__ import annotations

import inspect
import json
import re
from typing import Any
from urllib.parse import urlsplit

import requests
from vantage6.client import UserClient

MARKERS = (
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(\+00:00)?"), "<time>"),
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "<uuid>"),
    (re.compile(r"eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+"), "<token>"),
    (re.compile(r"[A-Za-z0-9+/=]{600,}\$[A-Za-z0-9+/=]*\$[A-Za-z0-9+/=]*"), "<encrypted>"),
    (re.compile(r"secret=[A-Z2-7]{32}"), "secret=<secret>"),
    (re.compile(r"^[A-Z2-7]{32}$"), "<secret>"),
    (re.compile(r"mfa_code='\d{6}'"), "mfa_code=<code>"),
    (re.compile(r"<bound method [^>]*>+"), "<method>"),
    (re.compile(r"'/[^']*/"), "'<folder>/"),
)
"""What differs from run to run, and what stands for it."""

ORDERED = re.compile(r"\b(tasks?|runs?|results?)\b|wait_for")
"""The calls whose lists come in a promised order; that of all others is up to the database."""

TEXTS = frozenset({"msg", "message"})
TIMEOUT = 30


class Recorder:
    """
    Everything that was called, in order: what it returned or raised, and what the server answered meanwhile.

    Parameters
    ----------
    url : str
        Scheme, host and port of the server.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.calls: list[dict[str, Any]] = []
        self._answers: list[str] = []
        self._listen()

    def _listen(self) -> None:
        send = requests.Session.request

        def request(session: requests.Session, method: str, url: str, **content: Any) -> requests.Response:
            answer = send(session, method, url, **{"timeout": TIMEOUT, **content})
            self._answers.append(f"{method.upper()} {urlsplit(url).path} {answer.status_code}")
            return answer

        requests.Session.request = request

    def use(self, url: str) -> None:
        """
        Turn to another server.
        """
        self.url = url

    def client(self, name: str) -> Recorded:
        """
        Return an official client of the server, not logged in, all of whose calls are recorded under a name.
        """
        host, port = self.url.rsplit(":", 1)
        return Recorded(UserClient(host, int(port), "/api", log_level="critical"), self, name)

    def call(self, name: str, method: Any, /, *args: Any, **kwargs: Any) -> Any:
        """
        Call something and record what it comes to; return what it returned, or None if it raised.
        """
        returned, outcome = None, {}
        try:
            returned = method(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 -- whatever the client raises is an outcome
            outcome = {"raises": type(error).__name__}
        else:
            outcome = {"returns": self.normal(returned, in_order=bool(ORDERED.search(name)))}
        arguments = [*map(repr, args), *(f"{key}={value!r}" for key, value in kwargs.items())]
        text = self.normal(f"{name}({', '.join(arguments)})")
        self.calls.append({"call": text, **outcome, "answers": self._answers[:]})
        self._answers.clear()
        return returned

    def plain(self, token: str | None, method: str, path: str, **content: Any) -> Any:
        """
        Send a request without any client, as a node does, and return the decoded body.
        """
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = f"{self.url}/api/{path}"

        def send(**sent: Any) -> Any:
            return requests.request(method, url, headers=headers, timeout=TIMEOUT, **sent).json()

        return self.call(f"{method} {path}", send, **content)

    def normal(self, value: Any, *, in_order: bool = True) -> Any:
        """
        Return a value with what differs from run to run, and from wording to wording, replaced.
        """
        if isinstance(value, dict):
            return {str(key): self._normal_item(key, item, value, in_order) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            items = [self.normal(item, in_order=in_order) for item in value]
            return items if in_order else sorted(items, key=_rank)
        if isinstance(value, bytes):
            return f"<{len(value)} bytes>"
        return self._normal_text(value) if isinstance(value, str) else value

    def _normal_text(self, text: str) -> str:
        text = text.replace(self.url, "<server>")
        for pattern, marker in MARKERS:
            text = pattern.sub(marker, text)
        return text

    def _normal_item(self, key: Any, item: Any, row: dict[Any, Any], in_order: bool) -> Any:
        if key in TEXTS and isinstance(item, str):
            return "<text>"
        if key in {"errors", *TEXTS}:
            return _without_texts(item)
        if key == "description" and ("scope" in row or row.get("organization", 0) is None):
            return "<text>"  # of a rule or a default role
        return self.normal(item, in_order=in_order and key != "methods")


def _rank(item: Any) -> tuple[Any, ...]:
    is_row = isinstance(item, dict) and isinstance(item.get("id"), int)
    return (0, item["id"], "") if is_row else (1, 0, json.dumps(item, sort_keys=True))


def _without_texts(errors: Any) -> Any:
    if isinstance(errors, dict):
        return {str(key): _without_texts(value) for key, value in errors.items()}
    return ["<text>"] * len(errors) if isinstance(errors, list) else "<text>"


class Recorded:
    """
    An official client, or a part of one; what is called on it is called on the client, and recorded.

    Parameters
    ----------
    target : object
        The client, or one of its sub-clients.
    recorder : Recorder
        Where calls go.
    name : str
        How calls are named: the caller, and the sub-client.
    """

    def __init__(self, target: Any, recorder: Recorder, name: str) -> None:
        self.target = target
        self._recorder = recorder
        self._name = name

    def __getattr__(self, name: str) -> Any:
        value, label = getattr(self.target, name), f"{self._name}.{name}"
        if not callable(value):
            return Recorded(value, self._recorder, label)
        return lambda *args, **kwargs: self._recorder.call(label, value, *args, **kwargs)


def methods(part: Any = UserClient, prefix: str = "") -> list[str]:
    """
    Return the public methods of the official client and of its sub-clients, by introspection.
    """
    client = UserClient("http://nowhere.invalid", None, log_level="critical") if part is UserClient else part
    found = []
    for name, value in inspect.getmembers(client):
        if name.startswith("_") or name in {"parent", "base_client", "log"}:
            continue
        if inspect.ismethod(value):
            found.append(f"{prefix}{name}")
        elif hasattr(value, "parent"):
            found += methods(value, f"{prefix}{name}.")
    return found
