"""
The keywords that select from an answer: `field`, `fields`, and for lists `filter_` and `filters`.

    client.organization.get(3, fields=["name", "domain"])   # {"name": ..., "domain": ...}
    client.node.list(filter_=("status", "online"))          # rows of the page, without the page around them

They work here, on what the server has answered; of a list that is one page. A method is written without them, and what
it returns for a type checker depends on them, which is why they are added by a decorator: in its signature they are
keywords like all others, and calls without them keep their types.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar, cast, overload

from v6client.exceptions import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Concatenate

    from v6client import _models as models

P = ParamSpec("P")
Row = TypeVar("Row")
Row_co = TypeVar("Row_co", covariant=True)
Pair = tuple[str, Any]


class RowCall(Protocol[P, Row_co]):
    """
    A call that answers with one object.
    """

    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Row_co: ...
    @overload
    def __call__(self, *args: Any, field: str, **kwargs: Any) -> dict[str, Any]: ...
    @overload
    def __call__(self, *args: Any, fields: Iterable[str], **kwargs: Any) -> dict[str, Any]: ...


class RowMethod(Protocol[P, Row_co]):
    """
    A method that is such a call.
    """

    def __get__(self, instance: object, owner: type | None = None) -> RowCall[P, Row_co]: ...


class PageCall(Protocol[P, Row]):
    """
    A call that answers with a page of a list.
    """

    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> models.Page[Row]: ...
    @overload
    def __call__(
        self, *args: Any, field: str, filter_: Pair = ..., filters: Iterable[Pair] = ..., **kwargs: Any
    ) -> list[dict[str, Any]]: ...
    @overload
    def __call__(
        self, *args: Any, fields: Iterable[str], filter_: Pair = ..., filters: Iterable[Pair] = ..., **kwargs: Any
    ) -> list[dict[str, Any]]: ...
    @overload
    def __call__(self, *args: Any, filter_: Pair, **kwargs: Any) -> list[Row]: ...
    @overload
    def __call__(self, *args: Any, filters: Iterable[Pair], **kwargs: Any) -> list[Row]: ...


class PageMethod(Protocol[P, Row]):
    """
    A method that is such a call.
    """

    def __get__(self, instance: object, owner: type | None = None) -> PageCall[P, Row]: ...


def choosing_fields(method: Callable[Concatenate[Any, P], Row]) -> RowMethod[P, Row]:
    """
    Let a method that answers with one object be asked for some of its fields, by `field` or `fields`.
    """

    @wraps(method)
    def choosing(
        self: Any, *args: Any, field: str | None = None, fields: Iterable[str] | None = None, **kwargs: Any
    ) -> Any:
        names = _names(field, fields)
        row: Any = method(self, *args, **kwargs)
        return row if names is None else _cut([row], names)[0]

    _announce(choosing, method, "field", "fields")
    return cast("RowMethod[P, Row]", choosing)


def choosing_rows(method: Callable[Concatenate[Any, P], models.Page[Row]]) -> PageMethod[P, Row]:
    """
    Let a method that answers with a page be asked for some rows of it, by `filter_` or `filters`, and for some fields.
    """

    @wraps(method)
    def choosing(
        self: Any,
        *args: Any,
        field: str | None = None,
        fields: Iterable[str] | None = None,
        filter_: Pair | None = None,
        filters: Iterable[Pair] | None = None,
        **kwargs: Any,
    ) -> Any:
        names, pairs = _names(field, fields), _pairs(filter_, filters)
        page: Any = method(self, *args, **kwargs)
        if names is None and pairs is None:
            return page
        rows = _matching(page["data"], pairs or [])
        return rows if names is None else _cut(rows, names)

    _announce(choosing, method, "field", "fields", "filter_", "filters")
    return cast("PageMethod[P, Row]", choosing)


def _announce(choosing: Any, method: Callable[..., Any], *keywords: str) -> None:
    """
    Let a function show these keywords behind those of the method that it wraps.
    """
    signature = inspect.signature(method)
    added = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None) for name in keywords]
    choosing.__signature__ = signature.replace(parameters=[*signature.parameters.values(), *added])


def _names(field: str | None, fields: Iterable[str] | None) -> list[str] | None:
    if field is not None and fields is not None:
        raise UsageError("give field= for one field or fields= for several, not both")
    if isinstance(fields, str):
        raise UsageError(f"fields is a list of names, not {fields!r}; give one name as field={fields!r}")
    if field is None and fields is None:
        return None
    return [_name(name) for name in ([field] if fields is None else _several(fields, "fields", "names"))]


def _pairs(filter_: Pair | None, filters: Iterable[Pair] | None) -> list[Pair] | None:
    if filter_ is not None and filters is not None:
        raise UsageError("give filter_= for one condition or filters= for several, not both")
    if filter_ is None and filters is None:
        return None
    pairs: list[Any] = [filter_] if filters is None else _several(filters, "filters", "pairs")
    for pair in pairs:
        if not isinstance(pair, tuple | list) or len(pair) != 2:  # noqa: PLR2004 -- that is what a pair is
            raise UsageError(f"a filter is a pair of a field and its value, such as ('name', 'North'), not {pair!r}")
    return [(_name(name), value) for name, value in pairs]


def _several(given: object, keyword: str, what: str) -> list[Any]:
    if not isinstance(given, Iterable):
        raise UsageError(f"{keyword} is a list of {what}, not {given!r}")
    return [*given]


def _name(given: object) -> str:
    if not isinstance(given, str):
        raise UsageError(f"a field is the name of one, such as 'id', not {given!r}")
    return given


def _matching(rows: Sequence[Mapping[str, Any]], pairs: Sequence[Pair]) -> list[Any]:
    _require(rows, [name for name, _ in pairs])
    return [row for row in rows if all(name in row and row[name] == value for name, value in pairs)]


def _cut(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> list[dict[str, Any]]:
    _require(rows, names)
    return [{name: row[name] for name in names if name in row} for row in rows]


def _require(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> None:
    """
    Refuse names that no row has: a misspelt one would select nothing, silently.
    """
    known = {name for row in rows for name in row}
    unknown = [name for name in names if name not in known]
    if rows and unknown:
        raise UsageError(f"the answer has no field {unknown[0]!r}; it has {', '.join(sorted(known))}")
