"""
What reading costs as a server fills: the same requests with 1,000 and with 100,000 tasks of three runs each.

Everything but the last two lines should cost the same at any size. A pattern has to look at every name, so its time
grows with them; it is told in milliseconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from timing import measure

from v6mockserver import MockServer

if TYPE_CHECKING:
    from collections.abc import Callable

FEW, MANY = 1_000, 100_000
COLLABORATIONS, MEMBERS = 10, 3
THEN = "2026-01-01T00:00:00"

PATHS: dict[str, Callable[[int], str]] = {
    "GET /task?page=1": lambda _: "task?page=1",
    "GET /task, last page": lambda count: f"task?page={count // 10}",
    "GET /task?collaboration_id=": lambda _: "task?collaboration_id=3",
    "GET /task?collaboration_id=, last page": lambda count: (
        f"task?collaboration_id=3&page={count // 10 // COLLABORATIONS}"
    ),
    "GET /run?task_id=": lambda count: f"run?task_id={count // 2}",
    "GET /task/<id>/status": lambda count: f"task/{count // 2}/status",
    "GET /task?name=%7% (a fifth of all)": lambda _: "task?name=%257%25",
    "GET /task?name=task % (all of them)": lambda _: "task?name=task%20%25",
}


def main() -> None:
    """
    Print the medians at both sizes, for root and for a researcher of all collaborations, and how they relate.
    """
    servers = {count: filled(count) for count in (FEW, MANY)}
    width = max(map(len, PATHS))
    for username in ("root", "researcher"):
        print(f"{username:<{width}}  {FEW:>12,}  {MANY:>12,}    ratio")
        for name, path in PATHS.items():
            medians = measure(
                {str(count): request(server, username, path(count)) for count, server in servers.items()}, rounds=25
            )
            few, many = medians.values()
            print(f"{name:<{width}}  {few * 1e3:9.3f} ms  {many * 1e3:9.3f} ms  {many / few:7.2f}")


def filled(tasks: int) -> MockServer:
    """
    Return a server with organizations, collaborations, and many tasks.
    """
    organizations = [{"id": id_, "name": f"organization {id_}"} for id_ in range(2, 2 + MEMBERS)]
    collaborations = range(1, 1 + COLLABORATIONS)
    tables = MockServer().dump()["tables"]
    tables["organization"] += [one | dict.fromkeys(NO_ADDRESS) | {"public_key": ""} for one in organizations]
    tables["collaboration"] = [
        {"id": id_, "name": f"collaboration {id_}", "encrypted": False} for id_ in collaborations
    ]
    members = [1, *(one["id"] for one in organizations)]
    tables["collaboration_organization"] = [[there, member] for there in collaborations for member in members]
    root = tables["user"][0]
    tables["user"].append(root | {"id": 2, "username": "researcher", "email": "", "password": {"plain": "researcher"}})
    researcher = next(role["id"] for role in tables["role"] if role["name"] == "Researcher")
    tables["user_role"].append([2, researcher])
    tables["task"] = [task(id_) for id_ in range(1, 1 + tasks)]
    tables["run"] = [run(id_, members) for id_ in range(1, 1 + tasks * MEMBERS)]
    return MockServer.load({"format": 1, "version": "4.15", "tables": tables})


NO_ADDRESS = ("domain", "address1", "address2", "zipcode", "country")


def task(id_: int) -> dict[str, object]:
    """
    Return the row of a task.
    """
    return {
        "id": id_,
        "name": f"task {id_}",
        "description": "",
        "image": "image",
        "collaboration_id": id_ % COLLABORATIONS + 1,
        "study_id": None,
        "job_id": id_,
        "parent_id": None,
        "init_org_id": 1,
        "init_user_id": 1,
        "created_at": THEN,
        "algorithm_store_id": None,
    }


def run(id_: int, organizations: list[int]) -> dict[str, object]:
    """
    Return the row of a run.
    """
    return {
        "id": id_,
        "input": "e30=",
        "task_id": (id_ - 1) // MEMBERS + 1,
        "organization_id": organizations[id_ % MEMBERS],
        "result": "e30=",
        "assigned_at": THEN,
        "started_at": THEN,
        "finished_at": THEN,
        "status": "completed",
        "log": None,
        "cleanup_at": None,
        "blob_storage_used": False,
    }


def request(server: MockServer, username: str, path: str) -> Callable[[], None]:
    """
    Return a request of a user, to be timed.
    """
    client = server.client(username, username)
    session = server.session()
    session.headers["Authorization"] = f"Bearer {client.token}"

    def ask() -> None:
        assert session.get(f"{server.url}/api/{path}").ok

    return ask
