"""What the state machines believe: tasks and runs as plain dictionaries, by the contract's words."""

from __future__ import annotations

KILLED = "killed by user"
FINISHED = ["completed", "crashed", "failed", "start failed", KILLED]
STATUSES = ["pending", "initializing", "active", *FINISHED]


class Model:
    """The tasks, each with its parent and the organization that started it, and the runs, each with its task."""

    def __init__(self):
        self.owners = {}
        self.parents = {}
        self.runs = {}

    def add(self, task, owner, parent, runs):
        """A task comes with a pending run for each organization."""
        self.owners[task] = owner
        fields = {"status": "pending", "started_at": None, "finished_at": None, "result": None, "log": None}
        for run_id, organization in runs.items():
            self.runs[run_id] = {"task": task, "organization": organization, **fields}
        self.parents[task] = parent

    def report(self, run_id, changes):
        """What a report leaves out is cleared, and a failure closes the siblings that wait."""
        run = self.runs[run_id]
        run.update({"finished_at": None, "result": None, "log": None, **changes})
        if run["status"] in FINISHED[1:]:
            for other_id, other in self.runs.items():
                waiting = other["started_at"] is None and other["finished_at"] is None
                if other_id != run_id and other["task"] == run["task"] and waiting:
                    other.update(status="failed", finished_at="then", log=other["log"] or "why")

    def kill(self, task):
        """A kill ends what is not over in a task and its children, but no deeper; return which runs those are."""
        reached = {task, *(id_ for id_, parent in self.parents.items() if parent == task)}
        victims = [id_ for id_, run in self.runs.items() if run["task"] in reached and run["status"] not in FINISHED]
        for id_ in victims:
            self.runs[id_].update(status=KILLED, finished_at="then")
        return victims

    def remove(self, tasks):
        """Tasks go with their runs."""
        self.runs = {id_: run for id_, run in self.runs.items() if run["task"] not in tasks}
        self.parents = {id_: parent for id_, parent in self.parents.items() if id_ not in tasks}

    def family(self, task):
        """Return a task with all its descendants; nothing if it is gone."""
        if task not in self.parents:
            return set()
        children = [id_ for id_, parent in self.parents.items() if parent == task]
        return {task}.union(*(self.family(child) for child in children))

    def status(self, task):
        """Return the status that the runs of a task give it."""
        statuses = {run["status"] for run in self.runs.values() if run["task"] == task}
        failed = statuses.intersection(FINISHED[1:])
        if failed:
            return failed.pop() if len(failed) == 1 else "failed"
        return next((status for status in ("active", "initializing", "pending") if status in statuses), "completed")
