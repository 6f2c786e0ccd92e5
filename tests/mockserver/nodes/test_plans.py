"""Plans: each does what its real cause does, and a test sees what would be seen in production."""

from __future__ import annotations

import json
import re
from concurrent.futures import Executor, Future
from pathlib import Path

import pytest

from v6client.exceptions import TaskFailedError, TaskTimeoutError
from v6mockserver import MockServer, MockUsageError, PlanNotUsedError, _keys
from v6mockserver.nodes.plans import COURSES

from .federation import Study, seed

SECONDS = 3600.0
SOUTH, WEST = 3, 4

ARGUMENTS = {"slow": {"seconds": SECONDS}, "complete": {"result": 2}}
"""What a plan says to do just what its real cause does."""


class Losing(Executor):
    """An executor that loses what it is given, as a cluster does whose worker dies."""

    def submit(self, fn, /, *args, **kwargs):  # noqa: ARG002 -- it loses them
        """Return a future that has failed."""
        future = Future()
        future.set_exception(RuntimeError("the worker is gone"))
        return future


def exit_early():
    """End without a result, and without a failure."""
    raise SystemExit(0)


# What really brings a run to each end: something done to the server before its task is created, or by its algorithm.


def lose_token(server):
    """Let the server give no token."""
    server.faults.on(method="POST", path="/token/container", caller="South").answer(500)


def change_key(server):
    """Let the server have another public key than the node's, for which inputs are encrypted."""
    key = _keys.public_text(_keys.load(_keys.path(9)))
    server.nodes["South"].ask("PATCH", f"organization/{SOUTH}", json={"public_key": key})


def vanish(server):
    """Let whatever South runs get lost."""
    server.nodes["South"].execution = Losing()


def do_nothing(_):
    """Do nothing."""


BEFORE = {
    "ignore": lambda server: server.nodes["South"].go_offline(),
    "no token": lose_token,
    "refuse": lambda server: server.nodes["South"].allow(algorithms=["something-else"]),
    "start failed": lambda server: setattr(server.nodes["South"], "execution", "subprocess"),
    "bad environment": lambda server: server.nodes["South"].environment.update({"a-b": "1"}),
    "wrong key": change_key,
    "vanish": vanish,
}
INSIDE = {
    "crash": lambda server: 1 / 0,
    "empty": lambda server: exit_early(),
    "kill": lambda server: server.client().node.kill_tasks(server.nodes["South"].id),
    "lose": lambda server: server.nodes["South"].power_off(),
    "slow": lambda server: server.clock.advance(SECONDS),
}
BY_HAND = {"stall", "malformed", "no image"}
"""Real causes that take more than a line; each has a test of its own."""


def is_in(run, key):
    """Tell what a run has: nothing, an empty text, or something."""
    return run[key] if not run[key] else "something"


def seen(study, task):
    """Return what users see of a task: its status, its runs, and how waiting for it ends."""
    ended = "completed"
    try:
        study.client.wait_for_results(task, timeout=0.01)
    except TaskFailedError as error:
        ended = (error.status, [(run["organization"], run["status"]) for run in error.runs])
    except TaskTimeoutError as error:
        ended = ("timeout", [(run["organization"], run["status"]) for run in error.runs])
    runs = study.client.run.from_task(task)["data"]
    results = [row["result"] for row in study.client.result.from_task(task)["data"]]
    rows = [(run["status"], *(is_in(run, key) for key in ("log", "started_at", "finished_at"))) for run in runs]
    return study.client.task.get(task)["status"], rows, results, ended


class Federation(Study):
    """Three nodes of a version, with an algorithm that does something in South."""

    def __init__(self, version, *, encrypted=False, inside=do_nothing):
        super().__init__(MockServer(seed(encrypted=encrypted), version=version))
        self.server.algorithms.register("image", {"count": lambda client, df: self.count(client, df, inside)})

    def count(self, client, df, inside):
        """Return the number of rows."""
        if client.organization_id == SOUTH:
            inside(self.server)
        return len(df)


@pytest.fixture(params=["4.0", "4.15"])
def version(request):
    """Each version."""
    return request.param


def planned(what, version, at):
    """Plan a course at South, create a task, and return what is seen of it."""
    study = Federation(version, encrypted=what == "wrong key")
    study.server.nodes["South"].plan(what, **ARGUMENTS.get(what, {}))
    task = study.ask("count", at=at)
    study.server.nodes.verify()
    return seen(study, task)


def caused(what, version, at):
    """Let the real cause happen, and return what is seen of the task."""
    study = Federation(version, encrypted=what == "wrong key", inside=INSIDE.get(what, do_nothing))
    BEFORE.get(what, do_nothing)(study.server)
    return seen(study, study.ask("count", at=at))


@pytest.mark.parametrize("what", sorted(set(COURSES) - BY_HAND))
def test_a_plan_does_what_its_real_cause_does(what, version):
    """Status of runs and task, results, logs, siblings, and what the client raises."""
    found = planned(what, version, (2, SOUTH, WEST))

    assert found == caused(what, version, (2, SOUTH, WEST))
    assert COURSES[what].status in [row[0] for row in found[1]]


def test_an_image_that_is_missing(version):
    """It is missing at every node."""
    study = Federation(version)
    task = study.client.task.create(1, [SOUTH], "n", "nowhere", "", {"method": "count"}, "default")["id"]

    assert seen(study, task) == planned("no image", version, (SOUTH,))


def test_a_container_that_is_only_prepared(version):
    """No node reports that; the server would take it."""
    study = Federation(version)
    node = study.server.nodes["South"]
    node.go_offline()
    task = study.ask("count", at=(SOUTH,))
    (run,) = study.client.run.from_task(task)["data"]
    node.ask("PATCH", f"run/{run['id']}", json={"status": "initializing", "started_at": node.time()})

    assert seen(study, task) == planned("stall", version, (SOUTH,))


WRITER = """
import os

def count(df):
    with open(os.environ["OUTPUT_FILE"], "w") as file:
        file.write('{"result": [1, 2')
        file.flush()
        os._exit(0)
"""


@pytest.mark.slow
def test_a_result_that_is_cut_off(tmp_path):
    """Of a process that ends well nobody looks at what it wrote."""
    study = Federation("4.15")
    (tmp_path / "cut_off").mkdir()
    (tmp_path / "cut_off" / "__init__.py").write_text(WRITER)
    study.server.algorithms.register("image", tmp_path / "cut_off", execution="subprocess")
    task = study.ask("count", at=(SOUTH,))
    study.runs(task)

    (result,) = study.client.result.from_task(task)["data"]

    assert result["result"] == '{"result": [1, 2'
    assert planned("malformed", "4.15", (SOUTH,))[2] == [result["result"]]
    study.server.nodes.stop()


def test_the_partial_of_one_node_fails():
    """The central function gets what the others returned, newest first; the log names node and line."""
    study = Study(MockServer(seed()))

    def central(client):
        task = client.task.create({"method": "partial"}, [2, SOUTH, WEST])
        return client.wait_for_results(task["id"])

    study.server.algorithms.register("image", {"central": central, "partial": lambda df: len(df)})

    study.server.nodes["South"].plan("crash", method="partial")

    assert study.value("central") == [1]
    runs = study.client.run.from_task(2)["data"]
    assert [run["status"] for run in runs] == ["failed", "crashed", "completed"]
    assert "node 'South'" in runs[1]["log"]
    assert f"{Path(__file__).name}, line " in runs[1]["log"]


def test_the_exception_of_the_client_tells_it():
    """Which organization, how it ended, and its log."""
    study = Federation("4.15")
    study.server.nodes["South"].plan("crash", log="error > too few patients\n")

    with pytest.raises(TaskFailedError, match=r"South.*crashed(.|\n)*too few patients"):
        study.client.wait_for_results(study.ask("count", at=(SOUTH,)))


def test_what_a_run_has_written_before_it_crashed():
    """It is reported as well."""
    study = Federation("4.15")
    study.server.nodes["South"].plan("crash", result={"so": "far"})

    task = study.ask("count", at=(SOUTH,))

    assert seen(study, task)[2] == ['{"so": "far"}']


def test_the_third_run_of_a_method():
    """Others do not count."""
    study = Federation("4.15")
    study.server.algorithms.register("other", {"count": lambda: 1})
    study.server.nodes["South"].plan("crash", run=3, method="count", image="image")
    study.client.task.create(1, [SOUTH], "n", "other", "", {"method": "count"}, "default")

    ends = [seen(study, study.ask("count", at=(SOUTH,)))[0] for _ in range(4)]

    assert ends == ["completed", "completed", "crashed", "completed"]


def test_plans_take_turns():
    """Each run meets one of them, and counts for no other."""
    study = Federation("4.15")
    for what in ("crash", "refuse"):
        study.server.nodes["South"].plan(what)

    ends = [seen(study, study.ask("count", at=(SOUTH,)))[0] for _ in range(3)]

    assert ends == ["crashed", "not allowed", "completed"]


@pytest.mark.parametrize("content", [[], "count", {"method": ["count"]}])
def test_a_run_whose_input_names_no_method(content):
    """No plan for a method is meant for it, but one for any run is."""
    study = Federation("4.15")
    node = study.server.nodes["South"]
    of_method, of_any = node.plan("refuse", method="count"), node.plan("crash", log="as planned\n")

    task = study.client.task.create(1, [SOUTH], "n", "image", "", content, "default")["id"]

    assert study.runs(task)[0]["log"] == "as planned\n"
    assert (of_method.hits, of_any.hits) == (0, 1)


def test_every_run():
    """As long as the plan is there."""
    study = Federation("4.15")
    plan = study.server.nodes["South"].plan("crash", run=None)

    ends = {seen(study, study.ask("count", at=(SOUTH,)))[0] for _ in range(3)}

    assert (ends, plan.hits) == ({"crashed"}, 3)


def test_a_node_that_comes_back():
    """It starts its open runs again, the active ones included, as a real node does."""
    study = Federation("4.15")
    study.server.nodes["South"].plan("lose")
    task = study.ask("count", at=(SOUTH,))
    assert seen(study, task)[0] == "active"

    study.server.nodes["South"].go_online()

    assert seen(study, task)[:1] + seen(study, task)[2:3] == ("completed", ["2"])


def test_a_node_that_is_lost_is_online_for_a_while():
    """Until the server misses its signs of life."""
    study = Federation("4.15")
    study.server.nodes["South"].plan("lose")
    study.ask("count", at=(SOUTH,))
    ids = {"id_": study.server.nodes["South"].id}

    before = study.client.node.get(**ids)["status"]
    study.server.clock.advance(130)

    assert (before, study.client.node.get(**ids)["status"]) == ("online", "offline")


def test_a_slow_run_takes_no_time():
    """The clock of the server moves, and nobody waits."""
    study = Federation("4.15")
    study.server.nodes["South"].plan("slow", seconds=SECONDS)

    (run,) = study.runs(study.ask("count", at=(SOUTH,)))

    assert (at(run["finished_at"]) - at(run["started_at"])) >= SECONDS


def at(text):
    """Return the second of a time, of two on the same day or the next."""
    hours, minutes, seconds = text.partition("T")[2].split(":")
    return float(seconds) + 60 * int(minutes) + 3600 * int(hours) + 86400 * int(text[8:10])


def test_a_plan_that_is_never_used():
    """It is told at the end, like a fault that was never hit."""
    server = MockServer(seed())

    with (
        pytest.raises(PlanNotUsedError, match=r"crash at 'South': run 2 of method 'count' \(0 matched, 0 used\)"),
        server,
    ):
        server.nodes["South"].plan("crash", run=2, method="count")


def test_a_reset_forgets_plans():
    """As it forgets faults."""
    server = MockServer(seed())
    server.nodes["South"].plan("crash")

    server.reset()

    assert len(server.nodes["South"].plans) == 0


def test_a_run_that_is_held_has_plans_for_its_start_only():
    """What its algorithm does the test says itself."""
    study = Study(MockServer(seed(), execution="manual"))
    node = study.server.nodes["South"]
    crash, refuse = node.plan("crash"), node.plan("refuse")
    task = study.ask("count", at=(SOUTH,))

    with pytest.raises(MockUsageError, match="does not run"):
        node.runs[0].start()

    assert study.client.task.get(task)["status"] == "not allowed"
    assert (crash.hits, refuse.hits) == (0, 1)


MISTAKES = {
    "explode": ({}, "no node can 'explode'; it can 'ignore'"),
    "crash": ({"run": 0}, "run=0 means no run"),
    "refuse": ({"log": "no"}, "log= says nothing about 'refuse'; that takes nothing"),
    "slow": ({}, "needs seconds="),
    "wrong key": ({}, "is not encrypted"),
}


@pytest.mark.parametrize(("what", "arguments", "message"), [(what, *rest) for what, rest in MISTAKES.items()])
def test_mistakes(what, arguments, message):
    """They are told, and nothing is planned."""
    node = MockServer(seed()).nodes["South"]

    with pytest.raises(MockUsageError, match=message):
        node.plan(what, **arguments)

    assert len(node.plans) == 0


def test_power_goes_off_while_a_thread_runs():
    """What its algorithm returns later is dropped, and the run starts again."""
    study = Study(MockServer(seed(), execution="thread"))
    node, lives = study.server.nodes["South"], []

    def count():
        lives.append(len(lives))
        if lives == [0]:
            node.power_off()
            node.go_online()
        return lives[-1]

    study.server.algorithms.register("image", {"count": count})

    (run,) = study.runs(study.ask("count", at=(SOUTH,)))
    study.server.nodes.stop()

    assert (run["status"], len(lives)) == ("completed", 2)
    assert json.loads(study.client.result.get(run["id"])["result"]) == 1


def test_the_documentation_has_every_plan():
    """With the status that it leads to, and whether the run stays open."""
    text = (Path(__file__).parents[3] / "docs" / "nodes-and-data.md").read_text()

    for what, course in COURSES.items():
        row = re.search(rf"^\| `{what}` \| .* \| (.*) \|$", text, re.MULTILINE)
        assert row is not None, what
        assert row[1] == course.status + ("" if course.ends else ", open")
