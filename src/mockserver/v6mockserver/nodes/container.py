"""
What happens inside an algorithm's container: input, data and client go in, a result and a log come out.
"""

from __future__ import annotations

import json
import traceback
from dataclasses import dataclass
from threading import current_thread, main_thread
from typing import TYPE_CHECKING, Any

from v6mockserver._errors import AlgorithmError
from v6mockserver.nodes.algorithm_client import AlgorithmClient
from v6mockserver.nodes.algorithms import needs
from v6mockserver.nodes.databases import chosen
from v6mockserver.nodes.output import captured

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from _typeshed.wsgi import WSGIApplication

    from v6mockserver.nodes.algorithms import Algorithms, Function
    from v6mockserver.nodes.databases import Database

COMPLETED, CRASHED = "completed", "crashed"


@dataclass(frozen=True, slots=True)
class Job:
    """
    All that a container gets.
    """

    image: str
    input: bytes
    token: str
    wanted: Sequence[Mapping[str, Any]]
    databases: Mapping[str, Database]
    algorithms: Algorithms
    proxy: WSGIApplication


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    All that comes out of a container.
    """

    status: str
    result: bytes
    log: str


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
    content = _content(job.input)
    function = job.algorithms.function(job.image, content.get("method"))
    arguments = _injected(job, function)
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
    return chosen(job.databases, wanted["label"]).read(wanted)


def _traceback(error: BaseException) -> str:
    """
    Return the traceback of an error, from where the algorithm's own code begins.
    """
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename == __file__:
        frames = frames.tb_next
    return "".join(traceback.format_exception(type(error), error, frames or error.__traceback__))
