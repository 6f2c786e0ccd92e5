"""
What happens inside an algorithm's container: input, data and client go in, a result and a log come out.
"""

from __future__ import annotations

import json
import sys
import traceback
from dataclasses import dataclass
from threading import current_thread, main_thread
from typing import TYPE_CHECKING, Any

from v6mockserver._errors import AlgorithmError
from v6mockserver.nodes import environment
from v6mockserver.nodes.algorithm_client import AlgorithmClient
from v6mockserver.nodes.algorithms import needs
from v6mockserver.nodes.databases import chosen
from v6mockserver.nodes.output import captured
from v6mockserver.nodes.overlay import inside

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from _typeshed.wsgi import WSGIApplication

    from v6mockserver.nodes.algorithms import Algorithm, Function
    from v6mockserver.nodes.databases import Database
    from v6mockserver.nodes.files import Files

COMPLETED, CRASHED = "completed", "crashed"


@dataclass(frozen=True, slots=True)
class Job:
    """
    All that a container gets.

    Attributes
    ----------
    algorithm : Algorithm
        What it runs.
    input : bytes
        The input, decrypted.
    token : str
        The token of the container.
    wanted : sequence of mapping
        The databases of the task.
    databases : mapping
        The databases of the node, by label.
    variables : mapping
        The node's own environment variables.
    proxy : callable or str
        The node's proxy, as a WSGI application or by its URL.
    files : Files or callable, optional
        Where the files are, or what makes them.
    """

    algorithm: Algorithm
    input: bytes
    token: str
    wanted: Sequence[Mapping[str, Any]]
    databases: Mapping[str, Database]
    variables: Mapping[str, str]
    proxy: WSGIApplication | str
    files: Files | Callable[[], Files] | None = None

    @property
    def address(self) -> str:
        """
        The URL by which the algorithm knows the proxy.
        """
        return self.proxy if isinstance(self.proxy, str) else environment.INSIDE

    def made_files(self) -> Files | None:
        """
        Return the files; they are made if they have not been.
        """
        return self.files() if callable(self.files) else self.files

    def environment(self, files: Files | None) -> dict[str, str]:
        """
        Return the variables that the node sets, as clear text.
        """
        return environment.variables(
            databases=self.databases,
            wanted=self.wanted,
            files=files,
            proxy=self.address,
            own=self.variables,
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    All that comes out of a container.

    Attributes
    ----------
    status : str
        The status of the run.
    result : bytes
        What it returned, as JSON.
    log : str
        What it printed.
    note : str, default ""
        What only the log of the node tells.
    """

    status: str
    result: bytes
    log: str
    note: str = ""


def run(job: Job) -> Outcome:
    """
    Run an algorithm. Whatever it raises is its own affair: the run has crashed, and the log tells why.
    """
    with captured() as log:
        try:
            result = json.dumps(_call(job)).encode()
            status = COMPLETED
        except SystemExit as end:
            status, result = (COMPLETED if end.code in (None, 0) else CRASHED), b""
            if not isinstance(end.code, int | None):
                log.write(f"{end.code}\n")  # as Python does
        except AlgorithmError as error:
            status, result = CRASHED, b""
            log.write(f"{error}\n")
        except Exception as error:  # noqa: BLE001 -- the edge of the container: only status and log leave it
            status, result = CRASHED, b""
            log.write(_traceback(error))
        except BaseException as error:
            # Ctrl-C, and what a test raises to end itself, are for the main thread; in others nobody waits for them.
            if current_thread() is main_thread():
                raise
            status, result = CRASHED, b""
            log.write(_traceback(error))
    return Outcome(status, result, log.getvalue())


def _call(job: Job) -> Any:
    """
    Call the function of a job, which finds its environment and its proxy as in a process of its own.
    """
    function, content = asked(job)
    variables = job.environment(job.made_files() if job.algorithm.is_official else None)
    whole = environment.of_process(sys.executable, job.algorithm.package, variables)
    with inside(whole, proxy=job.proxy, address=job.address):
        return applied(job, function, content)


def asked(job: Job) -> tuple[Function, dict[str, Any]]:
    """
    Return the function that the input of a job names, and the input.

    Raises
    ------
    AlgorithmError
        If the input names none, or there is no such function.
    """
    content = _content(job.input)
    return job.algorithm.function(content["method"]), content


def applied(job: Job, function: Function, content: dict[str, Any]) -> Any:
    """
    Call a function with what it wants, and with the arguments of the input.

    Raises
    ------
    AlgorithmError
        If it wants more than the job has.
    """
    arguments = [] if job.algorithm.is_official else _injected(job, function)
    return function(*arguments, *content.get("args", ()), **content.get("kwargs", {}))


def _content(text: bytes) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except ValueError as error:
        raise AlgorithmError(f"the input is not JSON: {error}") from error
    if not isinstance(content, dict) or "method" not in content:
        raise AlgorithmError("the input names no method; it looks like {'method': ..., 'args': [...], 'kwargs': {...}}")
    return content


def _injected(job: Job, function: Function) -> list[Any]:
    """
    Return what the function wants before the arguments of its input.
    """
    wants = needs(function)
    if wants.frames > len(job.wanted):
        raise AlgorithmError(
            f"the method reads {wants.frames} databases, but the task names {len(job.wanted)}; pass more in databases="
        )
    frames = iter(job.wanted)
    return [
        _frame(job, next(frames)) if kind == "df" else AlgorithmClient(job.token, job.proxy) for kind in wants.kinds
    ]


def _frame(job: Job, wanted: Mapping[str, Any]) -> Any:
    if wanted.get("preprocessing"):
        raise AlgorithmError(
            f"the task asks for the database {wanted['label']!r} to be preprocessed, which the decorators of "
            f"vantage6-algorithm-tools do; a plain function gets the data as they are, so leave it out"
        )
    return chosen(job.databases, wanted["label"]).read(wanted)


def _traceback(error: BaseException) -> str:
    """
    Return the traceback of an error, from where the algorithm's own code begins.
    """
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename == __file__:
        frames = frames.tb_next
    return "".join(traceback.format_exception(type(error), error, frames or error.__traceback__))
