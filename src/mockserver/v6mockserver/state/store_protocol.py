"""
What the server asks of algorithm stores: to take it in, to let it go, and for the image of an algorithm.

Each is a talk (`talk.py`): it yields the requests to the store's own API, and knows nothing of the world.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from v6mockserver import _messages as messages
from v6mockserver._errors import BadRequestError, NotFoundError, RefusedError
from v6mockserver.state.talk import Question

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from v6mockserver.state.settings import Settings
    from v6mockserver.state.talk import Reply, Talk

OK, CREATED, ALREADY_REPORTED, FORBIDDEN, FIRST_ERROR = 200, 201, 208, 403, 400
API_PATH = "/api"
LOCAL = ("localhost", "127.0.0.1")
"""What makes the URL of a store one of this machine."""


@dataclass(frozen=True, slots=True)
class Asker:
    """
    On whose behalf a store is asked.

    Attributes
    ----------
    server_url : str
        Where the store finds this server, which it will ask in turn who the user is.
    authorization : str
        The header with which the user came here.
    """

    server_url: str
    authorization: str

    @property
    def headers(self) -> dict[str, str]:
        """
        The headers that tell.
        """
        return {"server_url": self.server_url.removesuffix("/"), "Authorization": self.authorization}


class StoreRefusedError(RefusedError):
    """
    An algorithm store refused; its status is passed on.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


def asker(settings: Settings, server_url: str | None, authorization: str) -> Asker:
    """
    Return on whose behalf a store is asked; where this server is, the request or the settings must tell.
    """
    url = server_url or settings.server_url
    if not url:
        raise BadRequestError(messages.SERVER_URL_MISSING)
    return Asker(url if server_url or url.endswith(API_PATH) else url + API_PATH, authorization)


def is_local(url: str) -> bool:
    """
    Tell whether a URL names this machine, so that it means another one wherever it is read.
    """
    return any(host in url for host in LOCAL)


def take_in(url: str, asker: Asker, *, force: bool) -> Talk[None]:
    """
    Let a store take this server in; one that does not, but shows its algorithms to everybody, will do.
    """
    body = {"url": asker.server_url} | ({"force": True} if force else {})
    reply = yield from _ask("POST", url, "vantage6-server", asker, body=body)
    if reply.status == FORBIDDEN and (yield from _is_public(url, asker)):
        return
    # Not copied: the real server fails with a 500 if the store says 200 (4.15, POST /algorithmstore).
    if reply.status not in (OK, CREATED, ALREADY_REPORTED):
        raise _refusal(reply)


def _is_public(url: str, asker: Asker) -> Talk[bool]:
    # Not copied: the real server has two slashes before this path (4.15, POST /algorithmstore).
    reply = yield from _ask("GET", url, "policy/public", asker)
    policies = reply.content if isinstance(reply.content, dict) else {}
    return reply.status == OK and policies.get("algorithm_view") == "public"


def let_go(url: str, asker: Asker) -> Talk[None]:
    """
    Let a store forget this server; one that did not take it in has nothing to forget.
    """
    reply = yield from _ask("GET", url, "vantage6-server", asker)
    if reply.status == FORBIDDEN:
        return
    entries = _content(reply)
    for entry in entries if isinstance(entries, list) else ():
        # A store says what it likes: what has no id cannot be deleted.
        if isinstance(entry, dict) and "id" in entry:
            _content((yield from _ask("DELETE", url, f"vantage6-server/{entry['id']}", asker)))


def find(url: str, asker: Asker, image: str) -> Talk[tuple[str, str | None]]:
    """
    Return how a store names the image of an algorithm, and its digest; whatever goes wrong is a bad request.
    """
    try:
        reply = yield from _ask("GET", url, "algorithm", asker, query={"image": image})
        algorithm = _content(reply)["data"][0]
        return str(algorithm["image"]), algorithm["digest"]
    except RefusedError as refusal:
        raise BadRequestError(refusal.message) from refusal
    except (LookupError, TypeError) as error:
        raise BadRequestError(messages.NOT_IN_STORE.format(image=image, url=url)) from error


def _ask(
    method: Literal["GET", "POST", "DELETE"],
    url: str,
    path: str,
    asker: Asker,
    *,
    query: Mapping[str, str] | None = None,
    body: Mapping[str, Any] | None = None,
) -> Talk[Reply]:
    """
    Ask a store and return its reply.
    """
    reply = yield Question(method=method, url=f"{url}/{path}", headers=asker.headers, query=query or {}, body=body)
    # Server quirk: behind http://localhost an error is taken for nobody, and both are a bad request (4.15).
    if url.startswith(tuple(f"http://{host}" for host in LOCAL)) and (reply.status or FIRST_ERROR) >= FIRST_ERROR:
        raise BadRequestError(messages.STORE_LOCAL.format(url=url))
    if reply.status is None:
        raise NotFoundError(messages.STORE_SILENT.format(url=url))
    return reply


def _content(reply: Reply) -> Any:
    """
    Return what a store replied; an error is passed on.
    """
    if reply.status != OK:
        raise _refusal(reply)
    return reply.content


def _refusal(reply: Reply) -> StoreRefusedError:
    said = reply.content.get("msg") if isinstance(reply.content, dict) else None
    status = reply.status or FIRST_ERROR
    return StoreRefusedError(messages.STORE_REFUSED.format(status=status, said=said or "nothing"), status)
