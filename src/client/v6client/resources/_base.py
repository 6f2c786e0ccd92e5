"""
What all sub-clients share.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any, ClassVar, Generic, cast

from v6client import _answers as answers
from v6client import _features
from v6client._models import Row
from v6client.exceptions import (
    NotAuthenticatedError,
    ServerFailedError,
    ServerRefusedError,
    ServerTooOldError,
    SessionExpiredError,
    UsageError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from v6client import _models as models
    from v6client._client import UserClient


class SubClient(Generic[Row]):
    """
    The calls about one noun of the server.

    Parameters
    ----------
    parent
        The client whose login these calls use.
    """

    noun: ClassVar[str] = ""

    # Without an order, PostgreSQL may show a row on two pages and another one on none. Tasks and runs have their own.
    order: ClassVar[str | None] = "id"

    _needed: ClassVar[tuple[str, ...]] = ("id",)
    """What is read of a row here."""

    _failing: ClassVar[Mapping[str, str]] = {}
    """Filters on which servers up to 4.15 (at least) fail, in a query and as arguments."""

    def __init__(self, parent: UserClient) -> None:
        self.parent = parent

    @property
    def _me(self) -> models.WhoAmI:
        if self.parent.whoami is None:
            raise NotAuthenticatedError("who is asking is known after a login: call authenticate() first")
        return self.parent.whoami

    def _collaboration(self, collaboration: int | None) -> int:
        """
        A collaboration, the default one if it is None.
        """
        chosen = self._within(collaboration)
        if chosen is None:
            raise UsageError("give a collaboration, or choose one for all calls with setup_collaboration()")
        return whole(chosen, "collaboration")

    def _within(self, collaboration: int | None, study: int | None = None) -> int | None:
        """
        The collaboration to keep to: the default one, unless one is given, or a study that tells it.
        """
        return self.parent.collaboration_id if collaboration is None and study is None else collaboration

    def _request(self, method: str, path: str, *, json: Any = None, params: dict[str, Any] | None = None) -> Any:
        connection = self.parent.connection
        try:
            return connection.request(method, path, json=json, params=params)
        except ServerTooOldError as error:
            raise _features.explained(error, connection, method, path) from None

    def _require(self, method: str, **arguments: Any) -> None:
        """
        Refuse arguments that the server is too old for.
        """
        _features.require(self.parent.connection, f"{self.noun}.{method}", **arguments)

    def _path(self, id_: int) -> str:
        return f"{self.noun}/{whole(id_, self.noun)}"

    def _get(self, id_: int, **params: Any) -> Row:
        path = self._path(id_)
        return cast("Row", answers.having(self._request("GET", path, params=params), path, *self._needed))

    def _create(self, **fields: Any) -> Row:
        return cast("Row", self._request("POST", self.noun, json=given(**fields)))

    def _update(self, id_: int, **fields: Any) -> Row:
        return cast("Row", self._request("PATCH", self._path(id_), json=given(**fields)))

    def _delete(self, id_: int, *, delete_dependents: bool = False, **params: Any) -> models.Message:
        # Server quirk: any text counts as true, `False` too.
        params["delete_dependents"] = True if switched(delete_dependents, "delete_dependents") else None
        return cast("models.Message", self._request("DELETE", self._path(id_), params=params))

    def _members(self, method: str, id_: int, organization: int) -> models.Organizations:
        body = {"id": whole(organization, "organization")}
        return cast("models.Organizations", self._request(method, f"{self._path(id_)}/organization", json=body))

    def _list(self, page: int | None, per_page: int | None, **params: Any) -> models.Page[Row]:
        # Server quirk: 4.15 answers an id that is none with status 500, or with an empty list.
        filters = {name: _identified(name, value) for name, value in params.items() if value is not None}
        for name, value in filters.items():
            # Of several values the server would take one, in silence.
            if isinstance(value, Iterable) and not isinstance(value, str):
                raise UsageError(f"{name} is one value to filter by, not {value!r}")
        numbers = {"page": counted(page, "page"), "per_page": counted(per_page, "per_page")}
        query = {"sort": self.order, **numbers, **filters}
        try:
            answer = self._request("GET", self.noun, params=query)
        except ServerFailedError as failed:
            failed.next_step = self._instead(filters) or failed.next_step
            raise
        return cast("models.Page[Row]", answers.page(answer, self.noun, *self._needed))

    def _instead(self, filters: Mapping[str, Any]) -> str:
        names = " and ".join(name for key, name in self._failing.items() if key in filters)
        return names and f"Servers up to 4.15 (at least) fail on {names}: leave it out, and choose from the rows."


class ReturningRefusals:
    """
    A sub-client that returns the server's message where the sub-client itself raises a refusal.

    Parameters
    ----------
    sub_client
        The sub-client that makes the calls.
    """

    def __init__(self, sub_client: SubClient[Any]) -> None:
        self._sub_client = sub_client

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._sub_client, name)
        return returning_refusals(attribute) if callable(attribute) else attribute

    def __dir__(self) -> list[str]:
        return dir(self._sub_client)


def returning_refusals(method: Callable[..., Any]) -> Callable[..., Any]:
    """
    A method as it is, but for the server's message being returned instead of raised.
    """

    @wraps(method)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            return method(*args, **kwargs)
        except SessionExpiredError:
            raise
        except ServerRefusedError as refused:
            return refused.body

    return wrapped


def may_omit(name: str) -> Callable[[Any], Callable[..., Any]]:
    """
    Let the first argument of a method be left out, where no other argument is given by position.

    The API reference has such an argument in the first place and without a default; later releases of the official
    client have it further behind and can do without. This takes the calls of both; overloads tell type checkers.

    Parameters
    ----------
    name
        The argument, None where it is left out.
    """

    def decorated(method: Any) -> Callable[..., Any]:
        @wraps(method)
        def omitting(self: SubClient[Any], *args: Any, **kwargs: Any) -> Any:
            if not args:
                return method(self, **{name: None, **kwargs})
            if args[0] is not None:
                whole(args[0], f"{name}, the first argument by position,")
            return method(self, *args, **kwargs)

        return omitting

    return decorated


# Databases fail on longer ones.
NUMBER = re.compile(r"[0-9]{1,18}")


def whole(id_: object, noun: str) -> int:
    """
    An id, if it is one: the server answers anything else as if the route did not exist.

    It may be a text or a number of numpy's, and is a plain number afterwards, which JSON has.
    """
    text = str(id_)
    if not NUMBER.fullmatch(text):
        article = "an" if noun.startswith(("a", "o")) else "a"
        advice = f"; give its ['id'], which is {id_['id']}" if isinstance(id_, Mapping) and "id" in id_ else ""
        raise UsageError(f"the id of {article} {noun} is a whole number, not {id_!r}{advice}")
    return int(text)


def wholes(ids: object, noun: str) -> list[int]:
    """
    Several ids, from whatever holds them: a list, an array, a column of a data frame, a generator.
    """
    # A text would be taken for its letters, a page of a list for its keys.
    if isinstance(ids, str | bytes | Mapping) or not isinstance(ids, Iterable):
        raise UsageError(f"{noun}s is a list of ids, such as [1, 2], not {ids!r}")
    return [whole(id_, noun) for id_ in ids]


def counted(value: object, name: str) -> int | None:
    """
    A number that counts from 1, or none: servers fail on any other.
    """
    if value is None:
        return None
    text = str(value)
    if not NUMBER.fullmatch(text) or int(text) == 0:
        raise UsageError(f"{name} is a whole number from 1, not {value!r}")
    return int(text)


_STATES = {"True": 1, "1": 1, "False": 0, "0": 0}


def switched(value: object, name: str) -> int | None:
    """
    What is on, off, or not there, in the form that all servers understand; a word for off is not taken for on.
    """
    if value is None:
        return None
    # By its looks: numpy has booleans of its own, and what pandas has for a missing one cannot be compared.
    if isinstance(value, str) or str(value) not in _STATES:
        raise UsageError(f"{name} is True or False, not {value!r}")
    return _STATES[str(value)]


def included(wanted: object, what: str) -> str | None:
    """
    What a query asks for beside the rows: this, if it is wanted.
    """
    return what if switched(wanted, f"include_{what}") else None


# Fields of bodies that are lists of ids, and of what; and those that are switches.
_LISTS = {"organization_ids": "organization", "roles": "role", "rules": "rule"}
_SWITCHES = frozenset({"encrypted", "force", "clear_ip"})


def given(**fields: Any) -> dict[str, Any]:
    """
    The fields of a body that were given, as JSON has them: the server takes null for none of them.
    """
    return {name: _plain(name, value) for name, value in fields.items() if value is not None}


def _plain(name: str, value: Any) -> Any:
    if name in _LISTS:
        return wholes(value, _LISTS[name])
    if name in _SWITCHES:
        return bool(switched(value, name))
    return _identified(name, value)


def _identified(name: str, value: Any) -> Any:
    return whole(value, name.removesuffix("_id")) if name.endswith("_id") else value
