"""Runs and kill under random programs: the machine of tasks and runs, with somebody who kills."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import multiple, rule

from .model import FINISHED
from .test_tasks_and_runs import TasksAndRuns, reports


class RunsAndKill(TasksAndRuns):
    """Creates, reports, deletes and kills; statuses agree with the model, and nodes hear what they are to stop."""

    def __init__(self):
        super().__init__()
        self.heard = []
        for token in self.network.nodes.values():
            self.network.server._channel.connect(token, self.hear, ("kill_containers",))

    def hear(self, event, data):
        """Every node hears of every kill in the collaboration."""
        if event == "kill_containers":
            self.heard.append(data)

    def post(self, path, id_, *, as_root):
        """Send a kill as root, or as the researcher, who may not; return the status and what nodes heard."""
        self.heard.clear()
        token = self.network.root if as_root else self.network.researcher
        status, _ = self.network.call(token, "POST", f"kill/{path}", json={"id": id_})
        return status, list(self.heard)

    @rule(task=TasksAndRuns.tasks, as_root=st.booleans())
    def kill(self, task, as_root):
        """A task that is not finished is killed, by who may; all nodes hear the same list."""
        status, heard = self.post("task", task, as_root=as_root)
        if task not in self.model.parents:
            assert (status, heard) == (404, [])
        elif self.model.status(task) in FINISHED:
            assert (status, heard) == (400, [])
        elif not as_root:
            assert (status, heard) == (401, [])
        else:
            victims = sorted(self.model.kill(task))
            assert (status, len(heard)) == (200, len(self.organizations))
            assert all(sorted(one["run_id"] for one in data["kill_list"]) == victims for data in heard)
            runs = self.model.runs
            assert all(
                (one["task_id"], one["organization_id"])
                == (runs[one["run_id"]]["task"], runs[one["run_id"]]["organization"])
                for one in heard[0]["kill_list"]
            )

    @rule(target=TasksAndRuns.tasks, picks=st.tuples(*[st.integers(0, 2)] * 3))
    def create_three_generations(self, picks):
        """A task, its subtask, and the subtask's own: a kill of the first does not reach the last."""
        first = self.create_task({picks[0]})
        second = self.create_subtask(first, picks[1])
        return multiple(first, second, self.create_subtask(second, picks[2]))

    @rule(task=TasksAndRuns.tasks, changes=reports)
    def kill_after_a_report(self, task, changes):
        """Whatever was reported last, in whatever order of status and end, decides whom the kill spares."""
        for run_id in [id_ for id_, run in self.model.runs.items() if run["task"] == task]:
            self.report_on(run_id, changes)
        self.kill(task, as_root=True)

    @rule(pick=st.integers(0, 2), as_root=st.booleans())
    def kill_all_that_a_node_runs(self, pick, as_root):
        """All nodes hear which one is meant; the runs are its own business."""
        organization = self.organizations[pick]
        rows = self.network.call(self.network.root, "GET", "node", params={"organization_id": organization})[1]["data"]
        status, heard = self.post("node/tasks", rows[0]["id"], as_root=as_root)

        told = {"node_id": rows[0]["id"], "collaboration_id": self.network.collaboration}
        assert (status, heard) == ((200, [told] * 3) if as_root else (401, []))


TestRunsAndKill = RunsAndKill.TestCase
TestRunsAndKill.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
