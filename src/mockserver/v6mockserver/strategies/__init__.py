"""
Hypothesis strategies for worlds, their parts, and what can be asked of them.

    @given(seed=strategies.worlds())
    def test_everybody_can_log_in(seed):
        server = MockServer(seed)
        for username in server.passwords:
            server.client(username)

What they make is plain data in the format of seeds. So an example that fails can be pasted into a test or a file as it
is; so can a part that is made here be put beside parts written by hand, or made by strategies of one's own: wherever
one strategy uses another, that one is an argument. Everything is valid by default: names that must differ do, and what
is named exists. Examples shrink towards few, small parts.

- `texts`: names and words of a kind
- `rules`, `roles`: what users may do
- `organizations`: with `users` and their own roles; `private_keys` from a pool
- `collaborations`: with `nodes`, `studies`, `stores` and `tasks`
- `tasks`: with `inputs`, `runs`, `results` and subtasks
- `worlds`: whole seeds
- `data_frames`: tables that a node might have; `splits` spreads one over nodes
- `programs`: requests of users, one after the other
- `FederationMachine`: a federation at work, to subclass

This module needs the extras `mock` and `testing`.
"""

from __future__ import annotations

from v6mockserver.strategies._collaborations import collaborations, nodes, stores, studies
from v6mockserver.strategies._frames import COLUMNS, data_frames, splits
from v6mockserver.strategies._machine import FederationMachine, ModelRun, ModelTask
from v6mockserver.strategies._organizations import organizations, private_keys, users
from v6mockserver.strategies._programs import Request, programs
from v6mockserver.strategies._roles import DEFAULT_ROLES, RULES, default_roles, roles, rules
from v6mockserver.strategies._tasks import INPUTS, VALUES, inputs, results, runs, tasks
from v6mockserver.strategies._words import (
    BOOLEANS,
    COMPANIES,
    HOSTS,
    JOBS,
    LOCALES,
    NO_SETTINGS,
    PASSWORDS,
    PROJECTS,
    USERNAMES,
    WORDS,
    texts,
)
from v6mockserver.strategies._worlds import worlds

__all__ = [
    "BOOLEANS",
    "COLUMNS",
    "COMPANIES",
    "DEFAULT_ROLES",
    "HOSTS",
    "INPUTS",
    "JOBS",
    "LOCALES",
    "NO_SETTINGS",
    "PASSWORDS",
    "PROJECTS",
    "RULES",
    "USERNAMES",
    "VALUES",
    "WORDS",
    "FederationMachine",
    "ModelRun",
    "ModelTask",
    "Request",
    "collaborations",
    "data_frames",
    "default_roles",
    "inputs",
    "nodes",
    "organizations",
    "private_keys",
    "programs",
    "results",
    "roles",
    "rules",
    "runs",
    "splits",
    "stores",
    "studies",
    "tasks",
    "texts",
    "users",
    "worlds",
]
