"""
Calls every method of the official client of this interpreter: `python play.py --url URL --out FILE ...`.

Writes what every call came to, and which methods the client has, as JSON. The programs run in an order that makes sense
on a fresh server: what later calls need, such as an id, is what earlier ones made.
"""

from __future__ import annotations

import argparse
import base64
import json
from pathlib import Path
from typing import Any

import accounts
import additions
import administration
import work
from network import NORTH, SOUTH, is_new, log_in
from recorder import Recorded, Recorder, methods

RESULT = base64.b64encode(b'{"mean": 53.5}').decode()


def administer(recorder: Recorder, root: Recorded, options: argparse.Namespace) -> dict[int, str]:
    """
    Build the network; return the api keys of nodes, see `administration.nodes`.
    """
    administration.organizations(root, base64.b64encode(Path(options.public_key).read_bytes()).decode())
    administration.post_filters(root)
    administration.collaborations(root)
    administration.organization_changes(root)
    administration.rules(root)
    administration.roles(root)
    administration.users(root)
    administration.user_changes(recorder, root)
    keys = administration.nodes(root)
    if is_new(root):
        administration.collaboration_changes(root)
        additions.studies(root)
        additions.students(log_in(recorder, "carla"), log_in(recorder, "wim"))
        additions.stores(root, options.store)
    return keys


def analyse(recorder: Recorder, keys: dict[int, str], private_key: str) -> None:
    """
    Run tasks.
    """
    nora, carla, wim = (log_in(recorder, name) for name in ("nora", "carla", "wim"))
    work.early_task(nora)
    for client in (nora, carla, wim):
        client.setup_encryption(None)
    first, second, third, fourth = work.new_tasks(nora)
    work.task_lists(nora, first)
    if is_new(nora):
        additions.tasks(nora, study=1, store=1)
    north = work.node_works(recorder, keys[NORTH], first, result=RESULT)
    work.subtask(recorder, north, first)
    work.task_lists(nora, first)
    work.node_works(recorder, keys[SOUTH], first, result="")
    work.results(nora, wim, first)
    work.node_works(recorder, keys[NORTH], second, status="crashed", log="it broke")
    work.results(nora, wim, second)
    work.run_lists(nora, first)
    work.task_ends(nora, carla, third, fourth)
    work.encrypted(recorder, nora, keys[-SOUTH], private_key)


def play(recorder: Recorder, options: argparse.Namespace) -> None:
    """
    Run everything.
    """
    root = accounts.connection(recorder)
    keys = administer(recorder, root, options)
    analyse(recorder, keys, options.private_key)
    accounts.passwords(recorder, root, options.secret)
    if is_new(root):
        additions.store_ends(root)
    administration.endings(root)
    recorder.use(options.second_factor_url)
    accounts.second_factor(recorder, options.second_secret)


def main() -> None:
    """
    Read the options, run the programs, write what came of them.
    """
    parser = argparse.ArgumentParser()
    names = ("url", "second-factor-url", "store", "secret", "second-secret", "public-key", "private-key", "out")
    for name in names:
        parser.add_argument(f"--{name}", required=True)
    options = parser.parse_args()
    recorder = Recorder(options.url)
    outcome: dict[str, Any] = {"methods": methods(), "calls": recorder.calls}
    try:
        play(recorder, options)
    finally:
        Path(options.out).write_text(json.dumps(outcome, indent=1))


if __name__ == "__main__":
    main()
