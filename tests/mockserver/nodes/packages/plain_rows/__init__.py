"""Plain functions in a package, without any tools."""

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np


def central(client, column):
    """Return the means of the organizations of the collaboration, and what the client knows."""
    print("asking everybody")
    organizations = [one["id"] for one in client.organization.list()]
    task = client.task.create({"method": "partial", "kwargs": {"column": column}}, organizations, name="means")
    return {"means": client.wait_for_results(task["id"]), "image": client.image}


def partial(df, column):
    """Return a mean, and fail where the column is not there."""
    print(len(df), "rows", file=sys.stderr)
    return float(df[column].mean())


def environment(names):
    """Return variables."""
    return {name: os.environ.get(name) for name in names}


def sleeps(port):
    """Tell a port which processes there are, this one and a child, and let them sleep."""
    print("sleeping", flush=True)
    child = subprocess.Popen(["/bin/sleep", "600"])
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.sendall(f"{os.getpid()} {child.pid}\n".encode())
    child.wait()


def leaves(name):
    """Leave a file in the scratch folder, and return what is there."""
    folder = Path(os.environ["TEMPORARY_FOLDER"])
    (folder / name).touch()
    return sorted(file.name for file in folder.iterdir())


def gives_up():
    """End by itself, and say why."""
    sys.exit("not enough rows")


def waits(client, organization, port):
    """Create a subtask, tell a port that this waits for it, and wait."""
    task = client.task.create({"method": "partial", "args": ["x"]}, [organization])
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.sendall(f"{os.getpid()}\n".encode())
    return client.wait_for_results(task["id"])


def draws():
    """Return random numbers."""
    return np.random.rand(3).tolist()  # noqa: NPY002 -- the old generator is the one that a fork copies


def waits_for_ever():
    """Do not end."""
    threading.Event().wait()
