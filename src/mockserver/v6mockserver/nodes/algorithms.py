"""
The algorithms that nodes can run, by image.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from importlib import import_module
from types import ModuleType
from typing import Any, NamedTuple

from v6mockserver._errors import AlgorithmError, MockUsageError

Function = Callable[..., Any]
Source = Mapping[str, Function] | ModuleType | str

CLIENT = "client"
FRAME = re.compile(r"df\d*")


class Needs(NamedTuple):
    """
    What a function wants before the arguments of its input: for each such parameter, "client" or "df".
    """

    kinds: tuple[str, ...]

    @property
    def frames(self) -> int:
        """
        How many data frames it wants.
        """
        return self.kinds.count("df")


def needs(function: Function) -> Needs:
    """
    Return what a plain function wants: its first parameters, while they are called `client`, `df`, `df1`, `df2`, ...
    """
    kinds = []
    for name in inspect.signature(function).parameters:
        if name != CLIENT and not FRAME.fullmatch(name):
            break
        kinds.append("client" if name == CLIENT else "df")
    return Needs(tuple(kinds))


class Algorithms:
    """
    The algorithms of a server's nodes.
    """

    def __init__(self) -> None:
        self._sources: dict[str, Mapping[str, Function] | ModuleType] = {}

    def register(self, image: str, source: Source) -> None:
        """
        Let nodes run an algorithm.

        Parameters
        ----------
        image : str
            The Docker image that tasks name; any text.
        source : mapping, module or str
            Functions by method name, a module with them, or the name of such a module. A function gets the algorithm
            client for a first parameter `client`, and the data of the task's databases for parameters `df` or `df1`,
            `df2`, ...; the rest comes from the task's input.

        Raises
        ------
        MockUsageError
            If there is no such module, or the source is something else.
        """
        if isinstance(source, str):
            try:
                source = import_module(source)
            except ModuleNotFoundError as error:
                raise MockUsageError(f"the algorithm {source!r} cannot be imported: {error}") from error
        if not isinstance(source, (Mapping, ModuleType)):
            raise MockUsageError(f"an algorithm is a mapping of functions or a module, not {source!r}")
        self._sources[image] = source

    def __contains__(self, image: object) -> bool:
        return self._known_as(str(image)) in self._sources

    def _known_as(self, image: str) -> str:
        # An image from an algorithm store has its digest behind it; here there is one of each name.
        return image if image in self._sources else image.partition("@")[0]

    def function(self, image: str, method: object) -> Function:
        """
        Return the function that a task's input names.

        Raises
        ------
        AlgorithmError
            If the algorithm has no such method.
        """
        source = self._sources[self._known_as(image)]
        functions = dict(source) if isinstance(source, Mapping) else vars(source)
        function = functions.get(method)  # type: ignore[call-overload]  # whatever the input says
        if not callable(function):
            known = sorted(name for name, one in functions.items() if inspect.isfunction(one) and name[0] != "_")
            raise AlgorithmError(f"the algorithm {image!r} has no method {method!r}; it has {known}")
        return function  # type: ignore[no-any-return]  # it is callable
