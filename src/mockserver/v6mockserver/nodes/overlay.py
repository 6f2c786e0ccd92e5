"""
What belongs to the process, as each run of an algorithm in it should find it: environment and proxy.

Both are looked up by names that the whole process shares, `os.environ` and the adapters of `requests`. While algorithms
run, something takes their place that asks a context variable whose turn it is: there is one for each thread, and one
for each run inside another. Outside of runs everything is as it was. A thread that an algorithm starts is outside.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter

from v6mockserver._errors import AlgorithmError
from v6mockserver._wsgi import WSGIAdapter
from v6mockserver.nodes.output import unheard

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _typeshed.wsgi import WSGIApplication
    from requests.adapters import BaseAdapter
    from typing_extensions import Self

HOPELESS = "X-V6Mock-Hopeless"
"""Marks an answer of the proxy to a question that it will never have another answer to."""


@dataclass(frozen=True, slots=True)
class _Inside:
    """
    What one run finds.
    """

    variables: dict[str, str]
    adapter: BaseAdapter
    address: str


_run: ContextVar[_Inside | None] = ContextVar("surroundings of the current run", default=None)


class _Environ(MutableMapping[str, str]):
    """
    The environment of the current run, or else of the process.
    """

    def __init__(self, process: MutableMapping[str, str]) -> None:
        self.process = process

    def _now(self) -> MutableMapping[str, str]:
        run = _run.get()
        return self.process if run is None else run.variables

    def __getitem__(self, name: str) -> str:
        return self._now()[name]

    def __setitem__(self, name: str, value: str) -> None:
        for text in (name, value):
            if not isinstance(text, str):
                raise TypeError(f"str expected, not {type(text).__name__}")  # as the process's own says
        self._now()[name] = value

    def __delitem__(self, name: str) -> None:
        del self._now()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._now()))

    def __len__(self) -> int:
        return len(self._now())

    def copy(self) -> dict[str, str]:
        """
        Return a dictionary, as that of the process does.
        """
        return dict(self)

    def __or__(self, other: Mapping[str, str]) -> dict[str, str]:
        return {**self, **other}

    def __ror__(self, other: Mapping[str, str]) -> dict[str, str]:
        return {**other, **self}

    def __ior__(self, other: Any) -> Self:  # type: ignore[misc]  # as in a dict
        self.update(other)
        return self

    def __getattr__(self, name: str) -> Any:
        return getattr(self.process, name)


class _Process:
    """
    What has been replaced in the process, for as long as anything runs.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._users = 0

    def enter(self) -> None:
        with self._lock:
            self._users += 1
            if self._users == 1:
                self._environ = _Environ(os.environ)
                self._get_adapter = requests.Session.get_adapter
                os.environ = self._environ  # type: ignore[assignment]  # noqa: B003 -- what putenv() would change is shared by all
                requests.Session.get_adapter = _adapter_of(self._get_adapter)  # type: ignore[method-assign]

    def leave(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0:
                # Whoever replaced it meanwhile puts back what they found, which works outside of runs as well.
                if os.environ is self._environ:
                    os.environ = self._environ.process  # type: ignore[assignment]  # noqa: B003 -- it is the process's own
                requests.Session.get_adapter = self._get_adapter  # type: ignore[method-assign]


_process = _Process()


def _adapter_of(found: Any) -> Any:
    """
    Return a method that finds the proxy of the current run where its address is asked for.
    """

    def get_adapter(self: requests.Session, url: str) -> Any:
        run = _run.get()
        return run.adapter if run is not None and url.startswith(run.address) else found(self, url)

    return get_adapter


class ProxyAdapter(HTTPAdapter):
    """
    Reaches the proxy over its port, and ends a run that it has nothing more to say to.

    The official client asks again for ever, which is no matter in a process that can be killed.
    """

    def send(self, *args: Any, **kwargs: Any) -> requests.Response:
        """
        Return the proxy's answer.

        Raises
        ------
        AlgorithmError
            If it is gone, or says that what the run waits for will not happen.
        """
        try:
            answer = super().send(*args, **kwargs)
        except requests.ConnectionError as error:
            raise AlgorithmError(f"the node's proxy is gone: {error}") from error
        if HOPELESS in answer.headers:
            raise AlgorithmError(answer.json()["msg"])
        return answer


@contextmanager
def inside(variables: Mapping[str, str], *, proxy: WSGIApplication | str, address: str) -> Iterator[None]:
    """
    Let the code inside, in this thread, find the environment and the proxy of a run.

    Parameters
    ----------
    variables : mapping
        The whole environment; nothing of the process shines through.
    proxy : callable or str
        The proxy: a WSGI application, or its URL.
    address : str
        The URL by which the environment names the proxy.
    """
    adapter = ProxyAdapter() if isinstance(proxy, str) else WSGIAdapter(proxy)
    token = _run.set(_Inside(dict(variables), adapter, f"{address}/"))
    _process.enter()
    try:
        yield
    finally:
        _process.leave()
        _run.reset(token)
        adapter.close()


@contextmanager
def outside() -> Iterator[None]:
    """
    Let the code inside, in this thread, be no part of a run: the node and the server work for it, and print for nobody.
    """
    token = _run.set(None)
    try:
        with unheard():
            yield
    finally:
        _run.reset(token)
