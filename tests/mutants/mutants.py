"""
Bugs that could be in the client: each is a text in one of its files, and what stands in its place.
"""

from __future__ import annotations

from typing import NamedTuple


class Mutant(NamedTuple):
    """One bug, and the property-based tests that have to find it."""

    file: str
    old: str
    new: str
    tests: str


RUNS = "test_interleavings.py"
LISTS = "test_requests.py::test_lists_are_what_was_created"
FILTERS = "test_requests.py::test_filters_keep_to_what_they_say"
PAGES = "test_requests.py::test_walks_of_many_pages"
SECRETS = "test_secrets.py"
TROUBLE = "test_trouble.py"
TESTS = (RUNS, LISTS, FILTERS, PAGES, SECRETS, TROUBLE)

MUTANTS = {
    "drops a page": Mutant(
        "_paging.py",
        'if page["links"].get("next") is None:',
        'if page["links"].get("next") is None or start:',
        PAGES,
    ),
    "sends no page size": Mutant(
        "resources/_base.py",
        '"per_page": counted(per_page, "per_page")',
        '"per_page": None',
        LISTS,
    ),
    "ignores a filter": Mutant("resources/task.py", "parent_id=parent,", "parent_id=None,", FILTERS),
    "ignores a status": Mutant(
        "_http.py",
        "if response.ok:\n            return body",
        "if response.ok or status == 500:\n            return body",
        TROUBLE,
    ),
    "sends a POST again": Mutant(
        "_http.py",
        "response = send(step.token)\n",
        "response = send(step.token)\n"
        "                response = send(step.token) if response.status_code == 503 else response\n",
        TROUBLE,
    ),
    "forgets the refresh": Mutant(
        "_auth.py",
        "    if refused:\n        current = yield Renew",
        "    if refused and tokens is None:\n        current = yield Renew",
        TROUBLE,
    ),
    "misses the failure of the last run": Mutant(
        "_waiting.py",
        "raise TaskFailedError(task_id, status, watch.runs.summaries())",
        "raise TaskFailedError(task_id, status, watch.runs.summaries()[:-1])",
        RUNS,
    ),
    "does not know what a crash is": Mutant("_task_runs.py", '        "crashed",\n', "", RUNS),
    "swaps two organizations": Mutant(
        "resources/result.py",
        'known = {run["id"]: run for run in runs}',
        'known = dict(zip((run["id"] for run in runs), [*runs][::-1], strict=True))',
        RUNS,
    ),
    "forgets an organization": Mutant(
        "resources/task.py", "    return receivers\n", "    return receivers[:2]\n", RUNS
    ),
    "encrypts for the first one only": Mutant(
        "_inputs.py",
        "_encrypted_for(members, id_, make, message) for",
        "_encrypted_for(members, receivers[0], make, message) for",
        SECRETS,
    ),
    "encrypts nothing": Mutant("_inputs.py", 'if not viewed["encrypted"]:', "if True:", SECRETS),
    "hides that a key is wrong": Mutant(
        "_payloads.py",
        """raise type(error)(f"the result of run {row['id']} cannot be read: {error}") from error""",
        'return "null"',
        SECRETS,
    ),
}
