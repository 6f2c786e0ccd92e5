"""
Tasks, runs and results, and the part that nodes have in them.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jwt
from network import (
    FAR,
    IMAGE,
    INPUT,
    NORTH,
    OPEN,
    SEALED,
    SOUTH,
    STEP,
    UNKNOWN,
    WEST,
    is_new,
    log_in,
)

if TYPE_CHECKING:
    from recorder import Recorded, Recorder


def early_task(nora: Recorded) -> None:
    """
    A task before encryption was set up, which the client of 4.0 does not do by itself.
    """
    nora.task.create(collaboration=OPEN, organizations=[NORTH], name="early", image=IMAGE, description="", input_=INPUT)


def new_tasks(nora: Recorded) -> list[int]:
    """
    Tasks that a researcher creates, and those that cannot be; return the ids of the former.
    """
    create = nora.task.create
    common = {"image": IMAGE, "description": "d", "input_": INPUT}
    both, one = {"organizations": [NORTH, SOUTH]}, {"organizations": [NORTH]}
    made = [
        create(collaboration=OPEN, name="average", **both, **common, databases=[{"label": "default"}]),
        create(collaboration=OPEN, name="of one", **one, **common, databases="default"),
        create(collaboration=OPEN, name="query", **one, **common, databases=[{"label": "d", "query": "SELECT 1"}]),
        create(collaboration=OPEN, name="of one", **one, **common),
    ]
    create(collaboration=OPEN, name="short", **one, **common, databases=[], field="status")
    create(collaboration=OPEN, name="stranger", organizations=[WEST], **common)
    create(collaboration=OPEN, name="twice", organizations=[NORTH, NORTH], **common)
    create(collaboration=OPEN, name="nobody", organizations=[], **common)
    create(collaboration=OPEN, name="none", organizations=None, **common)
    create(collaboration=FAR, name="far", organizations=[WEST], **common)
    create(collaboration=UNKNOWN, name="nowhere", **one, **common)
    create(collaboration=OPEN, name="label", **one, **common, databases=[{"label": "a-b"}])
    create(collaboration=OPEN, name="type", **one, **common, databases=[{"label": "d", "type": "csv"}])
    create(collaboration=OPEN, name="7", **one, **common)
    create(collaboration=SEALED, name="readable", **one, **common)
    return [task["id"] for task in made]


def task_lists(nora: Recorded, task: int) -> None:
    """
    Tasks are looked at.
    """
    get, list_ = nora.task.get, nora.task.list
    get(task)
    get(task, include_results=True)
    get(id_=task, fields=["name", "status"])
    get(UNKNOWN)
    list_()
    list_(initiating_org=NORTH, initiating_user=2, collaboration=OPEN, per_page=2)
    list_(image=IMAGE, name="of%", description="d")
    list_(job=1, database="default")
    list_(parent=task)
    list_(parent=UNKNOWN)
    list_(user_created=True, page=2, per_page=1)
    list_(user_created=False)
    list_(name="average", include_results=True)
    list_(initiating_user=UNKNOWN)
    list_(collaboration=FAR)


def node_works(recorder: Recorder, key: str, task: int, **reports: Any) -> str:
    """
    A node does its part of a task over plain HTTP; return its token.
    """
    token = recorder.plain(None, "POST", "token/node", json={"api_key": key})["access_token"]
    node = jwt.decode(token, options={"verify_signature": False})["sub"]
    asked = {"state": "open", "node_id": node, "task_id": task, "include": "task"}
    (run,) = recorder.plain(token, "GET", "run", params=asked)["data"]
    moment = {"started_at": "2026-01-01T12:00:00.000001"}
    recorder.plain(token, "PATCH", f"run/{run['id']}", json=moment)
    recorder.plain(token, "PATCH", f"run/{run['id']}", json={"status": "active"})
    recorder.plain(token, "GET", f"run/{run['id']}")
    end = {"finished_at": "2026-01-01T12:00:01.000001", "status": "completed", "log": "done", **reports}
    recorder.plain(token, "PATCH", f"run/{run['id']}", json=end)
    return token


def subtask(recorder: Recorder, token: str, task: int) -> None:
    """
    A container of a node's run creates a subtask.
    """
    answer = recorder.plain(token, "POST", "token/container", json={"task_id": task, "image": IMAGE})
    body = {"name": "part", "image": IMAGE, "collaboration_id": OPEN, "organizations": [{"id": SOUTH, "input": "e30="}]}
    recorder.plain(answer["container_token"], "POST", "task", json=body)


def results(nora: Recorded, wim: Recorded, task: int) -> None:
    """
    Waiting for what nodes made, and looking at it.
    """
    nora.wait_for_results(task, interval=STEP)
    if is_new(nora):
        nora.wait_for_task_completion(nora.target.request, task, interval=STEP, log_animation=False)
    nora.result.from_task(task)
    nora.result.from_task(UNKNOWN)
    runs = nora.run.from_task(task)["data"]
    nora.run.from_task(task_id=task, include_task=True)
    nora.run.from_task(task, field="input")
    first = runs[0]["id"]
    nora.run.get(first)
    nora.run.get(id_=first, include_task=True, field="status")
    nora.run.get(UNKNOWN)
    nora.result.get(id_=first)
    nora.result.get(UNKNOWN)
    nora.result.get(first, field="result")
    wim.run.get(first)
    wim.result.get(first)
    wim.result.from_task(task)
    wim.task.get(task)
    nora.task.get(task, include_results=True)


def run_lists(nora: Recorded, task: int) -> None:
    """
    Runs are looked at.
    """
    get, list_ = nora.run.get, nora.run.list
    list_()
    list_(task=task)
    list_(organization=SOUTH, state="open", include_task=True)
    list_(task=UNKNOWN)
    list_(node=UNKNOWN)
    list_(assigned=("2000-01-01T00:00:00", "2100-01-01T00:00:00"), per_page=2, page=1)
    list_(started=(None, "2026-01-01T12:00:00.000001"))
    list_(finished=("2000-01-01T00:00:00", "2026-01-01T12:00:01.000001"), field="status")
    list_(organization=WEST)
    list_(task, fields=["id", "status"])
    get(1, decrypt_input=False)


def task_ends(nora: Recorded, carla: Recorded, task: int, other: int) -> None:
    """
    Tasks are killed and removed, by those who may.
    """
    carla.task.kill(task)
    nora.task.kill(task)
    nora.task.kill(UNKNOWN)
    nora.run.from_task(task)
    nora.task.get(task)
    nora.task.delete(UNKNOWN)
    carla.task.delete(other)
    nora.task.delete(other)
    nora.task.delete(other)
    nora.task.list(fields=["id", "name", "status"])


def encrypted(recorder: Recorder, nora: Recorded, south: str, key_file: str) -> None:
    """
    An encrypted collaboration: keys are uploaded, inputs and results are encrypted, and read again.
    """
    nora.setup_encryption("nowhere.pem")
    adam = log_in(recorder, "adam")
    adam.setup_encryption(key_file)
    adam.setup_encryption(key_file)
    nora.setup_encryption(key_file)
    nora.organization.get(field="domain")
    task = nora.task.create(
        collaboration=SEALED, organizations=[NORTH, SOUTH], name="secret", image=IMAGE, description="", input_=INPUT
    )["id"]
    nora.task.create(
        collaboration=OPEN, organizations=[NORTH], name="unwelcome", image=IMAGE, description="", input_=INPUT
    )
    public_key = nora.target.organization.get(NORTH)["public_key"]
    sealed = nora.target.cryptor.encrypt_bytes_to_str(json.dumps({"mean": 53.5}).encode(), public_key)
    node_works(recorder, south, task, result=sealed)
    nora.run.from_task(task)
    nora.result.from_task(task)
    (row,) = [row for row in nora.run.from_task(task)["data"] if row["organization"]["id"] == SOUTH]
    nora.result.get(row["id"])
    nora.setup_encryption(None)
    with tempfile.TemporaryDirectory() as folder:
        nora.util.generate_private_key(f"{folder}/key.pem")
        recorder.call("is_a_key", lambda: Path(folder, "key.pem").read_text().splitlines()[0])
