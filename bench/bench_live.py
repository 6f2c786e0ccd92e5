"""
How many requests per second a live mock answers, beside a real server 4.15.2 as its own development server serves it.

32 keep-alive connections from another process; both servers hold the same federation: three organizations with a node
each, one collaboration, 50 tasks. The real server is installed at the first run, as for the conformance tests.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests
from urllib3.util import Retry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).parent
SECONDS = 4
ROUNDS = 3
PASSWORD = "Secret-42"  # noqa: S105 -- of a server that lives for a minute
INPUT = "e30="


def main() -> None:
    """
    Print the rates of both servers, the best of some rounds each, and how they relate.
    """
    with mock() as mocked, real() as official:
        callers = {"mock": prepared(mocked), "real": prepared(official)}
        print(f"{'':<20}  {'real':>10}  {'mock':>10}    ratio")
        for method, path in (("GET", "/organization"), ("GET", "/task?page=1"), ("POST", "/task")):
            rates = dict.fromkeys(callers, 0.0)
            for _ in range(ROUNDS):
                for name, caller in callers.items():
                    rates[name] = max(rates[name], rate(caller, method, path))
            ratio = rates["mock"] / rates["real"]
            print(f"{method + ' ' + path:<20}  {rates['real']:8.1f}/s  {rates['mock']:8.1f}/s  {ratio:7.1f}")


@contextmanager
def mock() -> Iterator[str]:
    """
    Serve a mock from a process of its own, as the real server is.
    """
    command = [sys.executable, "-m", "v6mockserver", "serve", "--seed", str(HERE / "empty.yaml")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            yield next(word for word in process.stdout.readline().split() if word.startswith("http"))
        finally:
            process.terminate()


@contextmanager
def real() -> Iterator[str]:
    """
    Serve a real server.
    """
    sys.path.insert(0, str(HERE.parent / "tests"))
    from conformance.servers import environment

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        command = [str(environment("4.15")), str(HERE / "real_server.py"), folder, str(port)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                yield f"http://127.0.0.1:{port}"
            finally:
                process.kill()


def administrator(url: str) -> tuple[Callable[[str, dict[str, Any]], Any], str]:
    """
    Log root in as soon as a server is there; return what posts a body to a path of it, and the token.
    """
    session = requests.Session()
    patience = Retry(total=120, backoff_factor=0.5, backoff_max=0.5)
    session.mount("http://", requests.adapters.HTTPAdapter(max_retries=patience))

    def post(path: str, body: dict[str, Any]) -> Any:
        answer = session.post(f"{url}/api{path}", json=body, timeout=60)
        assert answer.ok, answer.text
        return answer.json()

    token: str = post("/token/user", {"username": "root", "password": "root"})["access_token"]
    session.headers["Authorization"] = f"Bearer {token}"
    return post, token


def prepared(url: str) -> dict[str, Any]:
    """
    Make the federation, and return what a request needs: port, token, and the body of a task.
    """
    post, token = administrator(url)
    ids = [1, *(post("/organization", {"name": name})["id"] for name in ("North", "South"))]
    there = post("/collaboration", {"name": "Poles", "organization_ids": ids, "encrypted": False})["id"]
    for id_ in ids:
        post("/node", {"organization_id": id_, "collaboration_id": there})
    body = {
        "name": "sum",
        "image": "sum",
        "collaboration_id": there,
        "organizations": [{"id": id_, "input": INPUT} for id_ in ids],
    }
    for _ in range(50):
        post("/task", body)
    return {"port": int(url.rpartition(":")[2]), "token": token, "body": body}


def rate(caller: dict[str, Any], method: str, path: str) -> float:
    """
    Return the requests that were answered per second.
    """
    order = caller | {"method": method, "path": f"/api{path}", "seconds": SECONDS}
    if method == "GET":
        order["body"] = None
    command = [sys.executable, str(HERE / "load.py"), json.dumps(order)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
