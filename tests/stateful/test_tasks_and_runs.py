"""Tasks and runs under random programs, against a model of plain dictionaries."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from .model import FINISHED, STATUSES, Model
from .network import IMAGE, INPUT, Network

MOMENT = "2026-01-01T00:00:00.000001"

reports = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from(STATUSES),
        "started_at": st.just(MOMENT),
        "finished_at": st.just(MOMENT),
        "result": st.sampled_from(["", "e30="]),
        "log": st.text("ab\n", max_size=3),
    },
)


class TasksAndRuns(RuleBasedStateMachine):
    """Creates, reports and deletes; whatever it did, lists, pages and statuses agree with the model."""

    tasks = Bundle("tasks")

    def __init__(self):
        super().__init__()
        self.network = Network()
        self.organizations = sorted(self.network.nodes)
        self.model = Model()

    def researcher(self, method, path, **content):
        """Call the server as the researcher."""
        return self.network.call(self.network.researcher, method, path, **content)

    def create(self, token, picks, *, owner, parent):
        """Create a task, and check that it has a pending run for each organization, in the order they are named."""
        ids = [self.organizations[pick] for pick in picks]
        targets = [{"id": id_, "input": INPUT} for id_ in ids]
        body = {"image": IMAGE, "collaboration_id": self.network.collaboration, "organizations": targets}
        status, task = self.network.call(token, "POST", "task", json=body)
        assert (status, task["status"], bool(task["parent"])) == (201, "pending", parent is not None)
        runs = self.researcher("GET", "run", params={"task_id": task["id"]})[1]["data"][::-1]
        assert [run["organization"]["id"] for run in runs] == ids
        self.model.add(task["id"], owner, parent, {run["id"]: run["organization"]["id"] for run in runs})
        return task["id"]

    @rule(target=tasks, picks=st.sets(st.integers(0, 2), min_size=1))
    def create_task(self, picks):
        """A researcher creates a task at some organizations."""
        return self.create(self.network.researcher, picks, owner=self.organizations[0], parent=None)

    @rule(target=tasks, parent=tasks, pick=st.integers(0, 2))
    def create_subtask(self, parent, pick):
        """A container creates a subtask; there is no container for a task that is finished or gone."""
        node = self.network.nodes[self.organizations[pick]]
        body = {"task_id": parent, "image": IMAGE}
        status, answer = self.network.call(node, "POST", "token/container", json=body)
        if parent not in self.model.parents or self.model.status(parent) in FINISHED:
            assert status == 400
            return parent
        assert status == 200
        return self.create(answer["container_token"], [pick], owner=self.organizations[pick], parent=parent)

    @rule(data=st.data(), changes=reports)
    def report(self, data, changes):
        """A report is taken while the run is open."""
        if self.model.runs:
            self.report_on(data.draw(st.sampled_from(sorted(self.model.runs))), changes)

    def report_on(self, run_id, changes):
        """Let the node of a run report on it."""
        run = self.model.runs[run_id]
        node = self.network.nodes[run["organization"]]
        status, _ = self.network.call(node, "PATCH", f"run/{run_id}", json=changes)
        assert status == (200 if run["finished_at"] is None else 400)
        if status == 200:
            self.model.report(run_id, changes)

    @rule(task=tasks)
    def delete(self, task):
        """A task goes with its runs and all its descendants; not one that is gone, nor another organization's."""
        family = self.model.family(task)
        is_own = self.model.owners[task] == self.organizations[0]
        status, _ = self.researcher("DELETE", f"task/{task}")
        assert status == (404 if not family else 200 if is_own else 401)
        if status == 200:
            self.model.remove(family)

    @rule(size=st.integers(1, 5), page=st.integers(1, 4), noun=st.sampled_from(["task", "run"]))
    def read_a_page(self, size, page, noun):
        """Any page of a list is that part of everything, newest first."""
        everything = sorted(self.model.parents if noun == "task" else self.model.runs, reverse=True)
        status, answer = self.researcher("GET", noun, params={"page": page, "per_page": size})
        assert (status, [row["id"] for row in answer["data"]]) == (200, everything[(page - 1) * size : page * size])
        assert ("next" in answer["links"]) == (page * size < len(everything))

    @invariant()
    def tasks_are_as_modelled(self):
        """Every task has the status that its runs give it."""
        for task in self.model.parents:
            assert self.researcher("GET", f"task/{task}/status") == (200, {"status": self.model.status(task)})

    @invariant()
    def runs_are_as_modelled(self):
        """Every run has what was last reported."""
        for run_id, model in self.model.runs.items():
            _, run = self.researcher("GET", f"run/{run_id}")
            _, result = self.researcher("GET", f"result/{run_id}")
            seen = [run["status"], run["started_at"], result["result"], run["finished_at"] is None, bool(run["log"])]
            expected = [model["status"], model["started_at"], model["result"], model["finished_at"] is None]
            assert seen == [*expected, bool(model["log"])]


TestTasksAndRuns = TasksAndRuns.TestCase
TestTasksAndRuns.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
