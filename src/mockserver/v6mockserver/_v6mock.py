"""
A federation for a block or a function, for those who have no fixtures.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

from v6mockserver._errors import MockUsageError
from v6mockserver._federation import Federation, federate, names
from v6mockserver._server import MockServer
from v6mockserver.state.releases import LATEST

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from v6mockserver._seed import Source
    from v6mockserver.nodes.executors import Choice

Function = TypeVar("Function", bound=Callable[..., Any])


def _called(organizations: int | Sequence[str]) -> list[str]:
    """
    Return what organizations are called, of which there are so many, or these.
    """
    if isinstance(organizations, int) and organizations >= 0:
        return names(organizations)
    if isinstance(organizations, (int, str)):
        raise MockUsageError(f"organizations={organizations!r}: a number from 0, or a list of names is expected")
    return list(organizations)


class v6mock:  # noqa: N801 -- used as a function is
    """
    A federation for a block, or for each call of a function, which gets it as its last positional argument.

    A fault that no request meets and a plan that no run takes are errors at its end, unless another one is under way.

    Parameters
    ----------
    seed : mapping or path, optional
        What the server starts with, instead of a federation of organizations.
    organizations : int or sequence of str, default 3
        How many organizations there are, or what they are called.
    encrypted : bool, default True
        Whether their collaboration is.
    execution : str or Executor, default "inline"
        Where nodes run algorithms, as for `MockServer`.
    version : {"4.0", "4.15"}, default "4.15"
        The server version.
    adversarial : int, optional
        The seed of the liberties that the server takes; by default it takes none.

    Examples
    --------
    >>> with v6mock(organizations=["North", "South"]) as federation:
    ...     client = federation.login()
    ...     [one["name"] for one in client.organization.iter()]
    ['North', 'South']
    """

    def __init__(
        self,
        seed: Source | None = None,
        *,
        organizations: int | Sequence[str] = 3,
        encrypted: bool = True,
        execution: Choice = "inline",
        version: str = LATEST,
        adversarial: int | None = None,
    ) -> None:
        self._seed = seed
        self._names = _called(organizations)
        self._encrypted = encrypted
        self._adversarial = adversarial
        self._where: dict[str, Any] = {"execution": execution, "version": version}
        self._open: list[Federation] = []

    def __enter__(self) -> Federation:
        self._open.append(self._made())
        return self._open[-1]

    def _made(self) -> Federation:
        if self._seed is not None:
            return Federation(MockServer(self._seed, adversarial=self._adversarial, **self._where))
        return federate(self._names, encrypted=self._encrypted, rows=True, adversarial=self._adversarial, **self._where)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        server = self._open.pop().server
        server.stop()
        server.nodes.stop()
        if error is None:
            server.faults.verify()
            server.nodes.verify()

    def __call__(self, function: Function) -> Function:
        """
        Return a function that is called with a federation of its own each time.
        """
        signature = inspect.signature(function)
        positional = [one for one in signature.parameters.values() if one.kind is one.POSITIONAL_OR_KEYWORD]
        if not positional:
            raise MockUsageError(f"{function.__qualname__} has no argument for the federation, which is the last one")
        last = positional[-1]

        @wraps(function)
        def called(*args: Any, **kwargs: Any) -> Any:
            with self as federation:
                return function(*args, **{**kwargs, last.name: federation})

        @wraps(function)
        async def awaited(*args: Any, **kwargs: Any) -> Any:
            with self as federation:
                return await function(*args, **{**kwargs, last.name: federation})

        given: Any = awaited if inspect.iscoroutinefunction(function) else called
        # What calls by name, as pytest does, must not look for the federation among what it can give.
        others = [one for one in signature.parameters.values() if one is not last]
        given.__signature__ = signature.replace(parameters=others)
        return given  # type: ignore[no-any-return]  # one parameter less, which no type can say of any function
