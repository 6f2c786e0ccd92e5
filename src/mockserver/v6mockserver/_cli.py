"""
The subcommands of `v6mock`.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
from contextlib import contextmanager, nullcontext, redirect_stdout
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import requests

from v6client.exceptions import V6ClientError
from v6mockserver import __version__, _demo, _run
from v6mockserver._control import PATH
from v6mockserver._errors import AlgorithmError, MockServerError, MockUsageError
from v6mockserver._live import LOOPBACK
from v6mockserver._server import MockServer
from v6mockserver.nodes.container import COMPLETED
from v6mockserver.nodes.executors import EXECUTIONS, INLINE, MANUAL, SUBPROCESS
from v6mockserver.state.releases import LATEST, RELEASES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

FAILED = 1
INTERRUPTED = 130
"""What shells call a program that Ctrl-C has ended."""
WAYS = [name for name in EXECUTIONS if name != MANUAL]
TIMEOUT = 60
"""Seconds to wait for a dump."""

HIGHEST_PORT = 65535


def main(arguments: Sequence[str]) -> int:
    """
    Run one subcommand and return its exit status.

    Parameters
    ----------
    arguments : sequence of str
        What was typed after `v6mock`.

    Returns
    -------
    int
        0; 1 after a failure, which is explained on stderr; 130 after Ctrl-C.
    """
    chosen = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], None] = chosen.run
    try:
        run(chosen)
    except (V6ClientError, MockServerError, OSError) as error:
        print(f"v6mock: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("v6mock: stopped", file=sys.stderr)
        return INTERRUPTED
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="v6mock", description="A vantage6 server and its nodes, in memory.")
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(title="commands", required=True)

    demo = commands.add_parser("demo", help="run a federated, encrypted analysis over the data of four hospitals")
    demo.add_argument("--json", action="store_true", help="print the outcome as one JSON object and nothing else")
    demo.add_argument("--execution", choices=WAYS, default="thread", help="where nodes run algorithms")
    demo.add_argument("--column", default="age", help="the column to average (default: %(default)s)")
    demo.add_argument("--live", action="store_true", help="talk to the server over a loopback port")
    demo.set_defaults(run=_run_demo)

    serve = commands.add_parser("serve", help="serve a world over HTTP until Ctrl-C")
    serve.add_argument("--host", default=LOOPBACK, help="address to listen on (default: %(default)s)")
    serve.add_argument("--port", type=_port, default=0, help="port to listen on (default: a free one)")
    start = serve.add_mutually_exclusive_group()
    start.add_argument("--seed", type=Path, help="YAML file with the world to start from (default: the demo's)")
    start.add_argument(
        "--load", type=Path, metavar="FILE", help="JSON file with a dump to start from, as `dump` prints it"
    )
    serve.add_argument("--server-version", choices=RELEASES, help=f"what it behaves as (default: {LATEST})")
    serve.add_argument("--control", action="store_true", help="let programs of this machine dump, load and reset it")
    serve.add_argument("--execution", choices=WAYS, default="thread", help="where nodes run algorithms")
    serve.set_defaults(run=_serve)

    _add_run(commands.add_parser("run", help="run an algorithm over files, each of them an organization's data"))

    dump = commands.add_parser("dump", help="print the complete state of a served world, its secrets included, as JSON")
    dump.add_argument("url", help="where it is served with --control, such as http://127.0.0.1:5000")
    dump.set_defaults(run=_dump)
    return parser


def _add_run(run: argparse.ArgumentParser) -> None:
    run.add_argument("package", help="the algorithm: name of a module, its file, or the folder of a package or project")
    run.add_argument("--method", required=True, help="the function to call")
    run.add_argument(
        "--arg", action="append", default=[], metavar="NAME=VALUE", help="a keyword argument, such as column=age"
    )
    run.add_argument(
        "--data", nargs="+", type=Path, required=True, metavar="FILE", help="the data of each organization"
    )
    run.add_argument("--everywhere", action="store_true", help="call it at all organizations (default: at the first)")
    run.add_argument("--encrypted", action="store_true", help="encrypt inputs and results, as in production")
    run.add_argument("--execution", choices=WAYS, help="where nodes run algorithms (default: inline)")
    run.add_argument("--python", type=Path, help="an interpreter that has the package installed (in subprocesses)")
    run.add_argument("--debug", action="store_true", help="stop in the debugger where the algorithm raises something")
    run.add_argument("--server-version", choices=RELEASES, default=LATEST, help="what it behaves as")
    run.add_argument("--json", action="store_true", help="print the outcome as one JSON object and nothing else")
    run.set_defaults(run=_run_algorithm)


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > HIGHEST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port; ports are whole numbers up to {HIGHEST_PORT}")
    return int(text)


def _run_demo(chosen: argparse.Namespace) -> None:
    outcome = _demo.run(column=chosen.column, execution=chosen.execution, live=chosen.live, progress=not chosen.json)
    if chosen.json:
        print(json.dumps(outcome))
    else:
        _demo.show(outcome)


def _run_algorithm(chosen: argparse.Namespace) -> None:
    execution = chosen.execution or (SUBPROCESS if chosen.python else INLINE)
    if chosen.debug and execution != INLINE:
        raise MockUsageError(f"--debug is for {INLINE} execution, in this terminal, not for {execution}")
    # What an algorithm prints in this process is its log, and seen here as well.
    with redirect_stdout(sys.stderr) if chosen.json else nullcontext():
        outcome = _run.run(
            chosen.package,
            chosen.method,
            _run.arguments(chosen.arg),
            chosen.data,
            everywhere=chosen.everywhere,
            encrypted=chosen.encrypted,
            execution=execution,
            python=chosen.python,
            debug=chosen.debug,
            version=chosen.server_version,
        )
    if chosen.json:
        print(json.dumps(outcome))
    else:
        _run.show(outcome)
    if outcome["status"] != COMPLETED:
        raise AlgorithmError(f"the task ended as {outcome['status']!r}")
    if outcome["error"]:
        raise AlgorithmError(outcome["error"])


@contextmanager
def _signals() -> Iterator[SimpleQueue[int]]:
    """
    Where the signals to stop arrive; afterwards they do again what they did before.
    """
    # Not an event: a signal in the middle of its wait() would set it under a lock that is held, and wait for ever.
    stopping: SimpleQueue[int] = SimpleQueue()
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda arrived, _: stopping.put(arrived)) for number in numbers}
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _serve(chosen: argparse.Namespace) -> None:
    with _signals() as stopping:
        _serve_until(stopping, chosen)


def _serve_until(stopping: SimpleQueue[int], chosen: argparse.Namespace) -> None:
    server = _server(chosen)
    server.start(chosen.host, chosen.port, control=chosen.control)
    try:
        print(f"vantage6 mock server on {server.url} (API path /api); Ctrl-C stops it")
        for username, password in server.passwords.items():
            print(f"  user {username}, password {password}")
        for organization, file in server.private_keys.items():
            print(f"  private key of {organization}: {file}")
        sys.stdout.flush()
        stopping.get()
    finally:
        server.stop()
        server.nodes.stop()


def _server(chosen: argparse.Namespace) -> MockServer:
    if chosen.load is not None:
        if chosen.server_version is not None:
            raise MockUsageError(f"a dump says its version itself; leave out --server-version {chosen.server_version}")
        return MockServer.load(_read(chosen.load), execution=chosen.execution)
    version = chosen.server_version or LATEST
    if chosen.seed is not None:
        return MockServer(chosen.seed, version=version, execution=chosen.execution)
    return MockServer.demo(version=version, execution=chosen.execution)


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_bytes())
    except ValueError as error:
        raise MockUsageError(f"{file} is not JSON: {error}") from error


def _dump(chosen: argparse.Namespace) -> None:
    try:
        answer = requests.get(f"{chosen.url.rstrip('/')}{PATH}/dump", timeout=TIMEOUT)
    except requests.ConnectionError as error:
        raise MockUsageError(f"nobody answers at {chosen.url}; `v6mock serve --control` tells where it is") from error
    if not answer.ok:
        raise MockUsageError(f"{chosen.url} gives no dump ({answer.status_code}); serve it with --control")
    # In ASCII, as json writes it, so that no console and no file has another encoding of it.
    print(json.dumps(answer.json()))
