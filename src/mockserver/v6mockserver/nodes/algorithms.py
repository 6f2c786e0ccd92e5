"""
The algorithms that nodes can run, by image.
"""

from __future__ import annotations

import inspect
import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from v6mockserver._errors import AlgorithmError, MockUsageError
from v6mockserver.nodes.executors import APART, require
from v6mockserver.nodes.interpreters import Interpreter, python_of

if TYPE_CHECKING:
    from v6mockserver.nodes.executors import Choice

Function = Callable[..., Any]
Source = Mapping[str, Function] | ModuleType | Path | str

OFFICIAL = "vantage6.algorithm."
"""Where the decorators of the official tools are from."""

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


def _is_official(function: object) -> bool:
    """
    Return whether a decorator of the official tools is around a function.
    """
    while inspect.isfunction(function):
        # Decorators give a function's names to what they put around it, but not the module that it was written in.
        if function.__globals__.get("__name__", "").startswith(OFFICIAL):
            return hasattr(function, "__wrapped__")
        function = getattr(function, "__wrapped__", None)
    return False


@dataclass(frozen=True, slots=True)
class Algorithm:
    """
    One algorithm: functions of this process, or a package that some interpreter can import.

    Attributes
    ----------
    image : str
        What tasks call it.
    functions : mapping, optional
        The functions, where there is no package.
    package : str, optional
        The importable name.
    path : str, optional
        The folder that the package is in, if it is not installed.
    interpreter : Interpreter, optional
        What has the package installed; without one, this process can import it.
    execution : str or Executor, optional
        Where it runs, whatever its node says.
    """

    image: str
    functions: Mapping[str, Function] | None = None
    package: str | None = None
    path: str | None = None
    interpreter: Interpreter | None = None
    execution: Choice | None = None

    @property
    def is_official(self) -> bool:
        """
        Whether it is written for the official tools: its functions find data and client by themselves, in files.
        """
        return self.interpreter is not None or any(map(_is_official, self._functions().values()))

    def function(self, method: object) -> Function:
        """
        Return the function that a task's input names.

        Raises
        ------
        AlgorithmError
            If the algorithm has no such method.
        """
        functions = self._functions()
        function = functions.get(method) if isinstance(method, str) else None
        if not callable(function):
            known = sorted(name for name, one in functions.items() if inspect.isfunction(one) and name[0] != "_")
            raise AlgorithmError(f"the algorithm {self.image!r} has no method {method!r}; it has {known}")
        return function  # type: ignore[no-any-return]  # it is callable

    def _functions(self) -> Mapping[str, Any]:
        if self.functions is not None:
            return self.functions
        assert self.package is not None  # noqa: S101 -- one of them there is
        return vars(imported(self.package, self.path))


class Algorithms:
    """
    The algorithms of a server's nodes.
    """

    def __init__(self) -> None:
        self._algorithms: dict[str, Algorithm] = {}

    def register(
        self,
        image: str,
        source: Source | None = None,
        *,
        package: Path | str | None = None,
        python: Path | str | None = None,
        venv: Path | str | None = None,
        execution: Choice | None = None,
    ) -> None:
        """
        Let nodes run an algorithm.

        A plain function gets the algorithm client for a first parameter `client`, and the data of the task's databases
        for parameters `df` or `df1`, `df2`, ...; the rest comes from the task's input. A function with decorators of
        vantage6-algorithm-tools gets what they give it.

        Parameters
        ----------
        image : str
            The Docker image that tasks name; any text.
        source : mapping, module, path or str, optional
            Functions by method name, a module with them, its name or file, or the folder of a package. It is imported
            here.
        package : path or str, optional
            Instead of a source, a package or module that is not imported here: its name, or where it is. It is written
            for vantage6-algorithm-tools, and runs in processes of its own, as in a container.
        python, venv : path, optional
            The interpreter that has the package and the tools installed, or its virtual environment; by default the one
            that runs this.
        execution : str or Executor, optional
            Where the algorithm runs; by default its node tells.

        Raises
        ------
        MockUsageError
            If there is no such module, package or interpreter, the source is something else, or the arguments
            contradict each other.
        """
        require(execution, optional=True)
        if (source is None) == (package is None):
            raise MockUsageError(f"{image!r} needs either a source or package=, not {'both' if source else 'neither'}")
        if package is None:
            if python is not None or venv is not None:
                raise MockUsageError(
                    "python= and venv= go with package=, the name of a package that is installed there"
                )
            found = _from_source(image, source, execution)
        else:
            found = _from_package(image, package, python_of(python, venv), execution)
        self._algorithms[image] = found

    def __contains__(self, image: object) -> bool:
        return self._known_as(str(image)) in self._algorithms

    def get(self, image: str) -> Algorithm | None:
        """
        Return the algorithm of an image, if there is one.
        """
        return self._algorithms.get(self._known_as(image))

    def _known_as(self, image: str) -> str:
        # An image from an algorithm store has its digest behind it; here there is one of each name.
        return image if image in self._algorithms else image.partition("@")[0]


def _from_source(image: str, source: Any, execution: Choice | None) -> Algorithm:
    if isinstance(source, Mapping):
        return Algorithm(image, functions=source, execution=execution)
    if isinstance(source, ModuleType):
        if sys.modules.get(source.__name__) is not source:
            return Algorithm(image, functions=vars(source), execution=execution)
        package, path = source.__name__, _path_of(source)
    elif isinstance(source, (str, Path)):
        package, folder = located(source)
        path = folder or _path_of(imported(package, None))
    else:
        raise MockUsageError(f"an algorithm is a mapping of functions, a module or a package, not {source!r}")
    imported(package, path)
    return Algorithm(image, package=package, path=path, execution=execution)


def _from_package(image: str, package: Path | str, python: str, execution: Choice | None) -> Algorithm:
    if execution is not None and execution not in APART:
        raise MockUsageError(f"{image!r} is not imported here, so its execution is one of {', '.join(APART)}")
    name, path = located(package)
    interpreter = Interpreter.having(python, name, path)
    return Algorithm(image, package=name, path=path, interpreter=interpreter, execution=execution)


def located(package: Path | str) -> tuple[str, str | None]:
    """
    Return the importable name of a package or of a module, and the folder that it is in where that was given.
    """
    place = Path(package)
    if isinstance(package, str) and place.name == package:
        return package, None
    is_file = place.suffix == ".py"
    if not (place.is_file() if is_file else place.is_dir()):
        what = "file" if is_file else "folder"
        raise MockUsageError(f"there is no {what} {place}; pass where a package or a module is, or its importable name")
    place = Path(os.path.abspath(place))  # noqa: PTH100 -- `.` has a name then, and a link keeps its own
    return place.stem if is_file else place.name, str(place.parent.resolve())


def imported(package: str, path: str | None) -> ModuleType:
    """
    Import a package of this process; where it is in no place that Python looks at, its folder becomes the last one.
    """
    if path is not None and path not in sys.path:
        sys.path.append(path)
    try:
        module = import_module(package)
    except ModuleNotFoundError as error:
        raise MockUsageError(
            f"the algorithm {package!r} cannot be imported: {error}; install that, or name an interpreter that has "
            f"both: package= and python= of register, --python of `v6mock run`"
        ) from error
    if path is not None and _path_of(module) not in {None, path}:
        raise MockUsageError(
            f"{package!r} was imported from {_path_of(module)}, so it cannot be taken from {path}; "
            f"pass package= to run it in processes of its own"
        )
    return module


def _path_of(module: ModuleType) -> str | None:
    """
    Return the folder that the package of a module is in; a part of the interpreter has none.
    """
    top = sys.modules[module.__name__.partition(".")[0]]
    place = next(iter(getattr(top, "__path__", ())), getattr(top, "__file__", None))
    return None if place is None else str(Path(place).parent.resolve())
