"""What nodes make of their runs: results, order, failures and logs."""

from __future__ import annotations

import json
import threading

import pandas as pd
import pytest

from v6client.exceptions import TaskFailedError
from v6mockserver import MockServer, MockUsageError, Settings, _keys
from v6mockserver.nodes import fleet

NAMES = ("North", "South", "West")


def seed(*, encrypted=False):
    """Return three organizations in one collaboration; their numbers of rows are 1, 2 and 3."""
    person = {"username": "nora", "password": "p", "roles": ["Researcher"]}
    frames = {name: pd.DataFrame({"x": range(rows)}) for rows, name in enumerate(NAMES, start=1)}
    return {
        "organizations": [{"name": name, "users": [person] if name == "North" else []} for name in NAMES],
        "collaborations": [
            {
                "name": "All",
                "encrypted": encrypted,
                "participants": [
                    {"name": name, "node": name, "databases": {"default": frames[name], "other": frames[name] * 10}}
                    for name in NAMES
                ],
            }
        ],
    }


@pytest.fixture(params=["inline", "thread"])
def server(request):
    """A plain federation, in each way to run algorithms."""
    server = MockServer(seed(), execution=request.param)
    yield server
    server.nodes.stop()


def run(server, method, function, *, at=(2,), databases="default", wait=True, **content):
    """Run a function as an algorithm; return the researcher and the task, or the values of its results."""
    server.algorithms.register("image", {method: function} if callable(function) else function)
    client = server.client("nora")
    task = client.task.create(1, list(at), "n", "image", "", {"method": method, **content}, databases)
    if not wait:
        return client, task["id"]
    return [json.loads(row["result"]) for row in client.wait_for_results(task["id"], timeout=10)["data"]]


def crash(server, method, function, **content):
    """Run a function that fails, and return its status and log."""
    client, task = run(server, method, function, wait=False, **content)
    with pytest.raises(TaskFailedError) as caught:
        client.wait_for_results(task, timeout=10)
    return caught.value.runs[0]["status"], caught.value.runs[0]["log"]


def test_arguments_follow_what_is_injected(server):
    """Client and data come first, then args, then kwargs."""

    def method(client, df, word, *, number):
        return [client.organization_id, len(df), word, number]

    assert run(server, "method", method, args=["a"], kwargs={"number": 5}) == [[2, 1, "a", 5]]


def test_several_databases(server):
    """They come in the task's order."""

    def method(df1, df2):
        return [int(df1["x"].sum()), int(df2["x"].sum())]

    assert run(server, "method", method, at=[4], databases=["other", "default"]) == [[30, 3]]


def test_data_belong_to_one_run(server):
    """What an algorithm does to its data, the next one does not see."""

    def method(df):
        df["x"] = 0
        return len(df)

    run(server, "method", method)

    assert server.nodes["North"].databases["default"].source["x"].tolist() == [0]
    assert run(server, "method", lambda df: df["x"].tolist(), at=[4]) == [[0, 1, 2]]


def test_results_of_subtasks_come_newest_first(server):
    """As in production, and not in the order in which organizations were named."""

    def central(client):
        task = client.task.create({"method": "partial"}, organizations=[2, 3, 4])
        return client.wait_for_results(task["id"])

    source = {"central": central, "partial": lambda df: len(df)}

    assert run(server, "central", source) == [[3, 2, 1]]


def test_a_failed_partial_is_missing(server):
    """As in production, nothing takes its place."""

    def central(client):
        task = client.task.create({"method": "partial"}, organizations=[2, 3])
        runs = client.run.from_task(task["id"])
        return [client.wait_for_results(task["id"]), len(runs)]

    def partial(df):
        if len(df) == 2:
            raise ValueError("no")
        return len(df)

    ((values, runs),) = run(server, "central", {"central": central, "partial": partial})

    assert runs == 2
    assert values in ([], [1])  # in threads, the wait may end before the other one does


def collect(client):
    """Return the results of all that others return."""
    ids = [one["id"] for one in client.organization.list()]
    task = client.task.create({"method": "partial"}, ids)["id"]
    found = client.wait_for_results(task)
    return [found, [client.result.get(row["id"]) for row in client.run.from_task(task)]]


@pytest.mark.parametrize(("what", "results"), [("malformed", [3, None, 1]), ("empty", [3, 1])])
def test_results_that_a_central_function_cannot_read(what, results):
    """As with the official client there is nothing in the place of what is no JSON, and the log tells."""
    server = MockServer(seed())
    server.nodes["South"].plan(what, method="partial")

    values = run(server, "collect", {"collect": collect, "partial": lambda df: len(df)})

    assert values == [[results, [3, None, 1]]]
    log = server.client().run.get(1)["log"]
    assert log.count("The result of run 3 cannot be read: ") == (2 if what == "malformed" else 0)


def test_a_result_that_is_an_empty_blob():
    """As with the official client it is there, and nothing: a run that has failed has a blob as well."""
    server = MockServer(seed(encrypted=True), settings=Settings(large_result_store=True))
    client = server.client("nora")
    client.setup_encryption(server.private_keys["North"])
    server.nodes["West"].plan("crash", method="partial")
    server.algorithms.register("image", {"collect": collect, "partial": lambda df: len(df)})

    task = client.task.create(1, [2], "n", "image", "", {"method": "collect"}, "default")["id"]

    assert json.loads(client.wait_for_results(task)["data"][0]["result"]) == [[None, 2, 1], [None, 2, 1]]


def test_what_is_printed_is_the_log(server, capsys):
    """Prints reach the run's log, and the terminal as well."""

    def method(df):
        print("rows:", len(df))

    client, task = run(server, "method", method, wait=False)
    client.wait_for_results(task, timeout=10)

    assert client.run.from_task(task)["data"][0]["log"] == "rows: 1\n"
    assert "rows: 1" in capsys.readouterr().out


def test_nodes_say_nothing_in_the_researchers_log(server, caplog):
    """Who follows what their client does sees what they have asked, and not what nodes do in the same process."""
    with caplog.at_level("DEBUG", logger="v6client"):
        run(server, "method", lambda df: len(df), at=(2, 3))

    told = "\n".join(record.getMessage() for record in caplog.records if record.name == "v6client")
    assert f"POST {server.url}/api/task: status 201" in told
    assert "token/container" not in told


def test_logs_of_nested_runs_do_not_mix():
    """Inline, a partial run prints while the central one is at work."""
    server = MockServer(seed())

    def central(client):
        print("before")
        client.wait_for_results(client.task.create({"method": "partial"}, [2])["id"])
        print("after")

    client, task = run(server, "central", {"central": central, "partial": lambda df: print("inside")}, wait=False)

    assert client.run.from_task(task)["data"][0]["log"] == "before\nafter\n"
    assert client.run.from_task(task + 1)["data"][0]["log"] == "inside\n"


def test_a_numpy_integer_crashes_the_run(server):
    """The standard library cannot write it as JSON, and neither can a real node."""
    status, log = crash(server, "method", lambda df: df["x"].sum())

    assert status == "crashed"
    assert "not JSON serializable" in log


def test_half_a_character_in_the_log(server):
    """It is shown as Python shows it, and the run ends as any that crashes."""

    def method(df):
        raise ValueError("\ud800")

    status, log = crash(server, "method", method)

    assert status == "crashed"
    assert log.endswith("ValueError: \\ud800\n")


def test_a_method_that_is_missing(server):
    """The log has the methods that there are."""
    status, log = crash(server, "nothing", {"something": lambda: 1})

    assert status == "crashed"
    assert "no method 'nothing'; it has ['something']" in log


def test_too_few_databases(server):
    """The log says how many are wanted."""
    _, log = crash(server, "method", lambda df1, df2: 1)

    assert "reads 2 databases, but the task names 1" in log


@pytest.mark.parametrize(("code", "status"), [(0, "completed"), (None, "completed"), (1, "crashed")])
def test_an_algorithm_that_exits(server, code, status):
    """Its exit code decides, and there is no result."""

    def method(df):
        raise SystemExit(code)

    client, task = run(server, "method", method, wait=False)
    (row,) = client.wait_for_results(task, timeout=10, raise_on_failure=False)["data"]

    assert row["result"] == ""
    assert client.task.get(task)["status"] == status


class Quit(BaseException):
    """What ends more than an algorithm, as Ctrl-C and pytest.fail() do."""


def quits():
    """Run no algorithm to its end."""
    print("so far")
    raise Quit


def test_what_ends_a_test_crashes_a_run_in_a_thread():
    """In a thread of its own nobody waits for it, and the run must not stay active for ever."""
    server = MockServer(seed(), execution="thread")

    status, log = crash(server, "quits", quits)

    assert status == "crashed"
    assert log.startswith("so far\n")
    assert log.endswith("Quit\n")


def test_what_ends_a_test_comes_out_of_an_inline_run():
    """It reaches whoever created the task, and the server can be reset for the next test."""
    server = MockServer(seed())

    with pytest.raises(Quit):
        run(server, "quits", quits)

    server.reset()
    assert len(server.client().task.list()["data"]) == 0


def test_input_without_a_method(server):
    """The log shows what an input looks like."""
    server.algorithms.register("image", {})
    client = server.client("nora")
    task = client.task.create(1, [2], "n", "image", "", {"args": []}, "default")

    with pytest.raises(TaskFailedError, match="names no method"):
        client.wait_for_results(task["id"], timeout=10)


def test_several_runs_at_once_on_one_node():
    """In threads there is no limit, so that nothing waits for what waits for it."""
    server = MockServer(seed(), execution="thread")
    together = threading.Barrier(4)

    def method(df):
        together.wait(timeout=10)
        return len(df)

    server.algorithms.register("image", {"method": method})
    client = server.client("nora")
    tasks = [client.task.create(1, [2], "n", "image", "", {"method": "method"}, "default")["id"] for _ in range(4)]

    assert [client.wait_for_results(task, timeout=10)["data"][0]["result"] for task in tasks] == ["1"] * 4
    server.nodes.stop()


def test_deleting_a_task_that_runs():
    """Its nodes are told, and what the algorithm returns later is dropped."""
    server = MockServer(seed(), execution="thread")
    started, go_on = threading.Event(), threading.Event()

    def method(df):
        started.set()
        go_on.wait(10)
        return len(df)

    client, task = run(server, "method", method, wait=False)
    assert started.wait(10)

    client.task.delete(task)
    go_on.set()
    server.nodes.stop()

    assert client.task.list()["data"] == []
    assert client.run.list()["data"] == []
    assert any("was refused with status 404" in line for line in server.nodes["North"].log)


def test_hidden_refusals_are_in_the_nodes_log():
    """The algorithm learns that it failed, the node's log why."""
    server = MockServer(seed())

    _, log = crash(server, "method", lambda client: client.task.get(99))

    assert "GET task/99 was refused with status 500" in log
    assert any("/task/99 was refused with status 404" in line for line in server.nodes["North"].log)


@pytest.mark.parametrize("encrypted", [True, False])
def test_what_an_algorithm_may_ask(encrypted):
    """The client of an algorithm has the calls of the official one, encrypted or not."""
    server = MockServer(seed(encrypted=encrypted))

    def central(client):
        task = client.task.create({"method": "partial"}, organizations=[3])["id"]
        values = client.wait_for_results(task)
        (row,) = client.run.from_task(task)
        return {
            "values": [values, client.result.from_task(task), client.result.get(row["id"])],
            "run": client.run.get(row["id"])["organization"]["id"],
            "task": client.task.get(task)["parent"]["id"],
            "organizations": [client.organization.get(one["id"])["name"] for one in client.organization.list()],
            "collaboration": client.collaboration.get()["name"],
            "databases": client.databases,
            "image": client.image,
        }

    server.algorithms.register("image", {"central": central, "partial": lambda df: len(df)})
    client = server.client("nora")
    if encrypted:
        client.setup_encryption(server.private_keys["North"])
    task = client.task.create(1, [2], "n", "image", "", {"method": "central"}, "default")

    (row,) = client.wait_for_results(task["id"])["data"]

    assert json.loads(row["result"]) == {
        "values": [[2], [2], 2],
        "run": 3,
        "task": task["id"],
        "organizations": list(NAMES),
        "collaboration": "All",
        "databases": [{"label": "default"}],
        "image": "image",
    }


def test_an_algorithm_in_a_study():
    """It sees the organizations of the study alone, and so do its subtasks."""
    server = MockServer(seed())
    study = server.client().study.create("Few", organizations=[2, 4], collaboration=1)

    def central(client):
        task = client.task.create({"method": "partial"}, [one["id"] for one in client.organization.list()])
        return [client.study.get(client.study_id)["name"], client.wait_for_results(task["id"])]

    server.algorithms.register("image", {"central": central, "partial": lambda client, df: [client.study_id, len(df)]})
    client = server.client("nora")
    task = client.task.create(None, [2], "n", "image", "", {"method": "central"}, "default", study=study["id"])

    (row,) = client.wait_for_results(task["id"])["data"]

    assert json.loads(row["result"]) == ["Few", [[study["id"], 3], [study["id"], 1]]]


def test_a_node_tells_about_itself(server):
    """Its databases and columns can be read from the server, as long as it is online."""
    root = server.client()
    node = server.nodes["North"]

    shared = {(one["key"], one["value"]) for one in root.node.get(node.id)["config"]}
    node.go_offline()

    assert {("database_labels", "default"), ("db_type_default", "csv"), ("columns_default", "x")} <= shared
    assert root.node.get(node.id)["config"] == []
    assert root.node.get(node.id)["status"] == "offline"
    assert "offline" in repr(node)


def test_an_unknown_node_is_an_error(server):
    """The message has those that there are."""
    with pytest.raises(KeyError, match=r"no node 'East'; there are \['North', 'South', 'West'\]"):
        server.nodes["East"]


def test_an_unknown_execution_is_an_error():
    """So has this one."""
    with pytest.raises(MockUsageError, match="inline, thread"):
        MockServer(execution="docker")


@pytest.mark.parametrize("source", [3, "no_such_module_anywhere"])
def test_a_bad_algorithm_is_an_error(server, source):
    """It is a mapping, a module, or the name of one."""
    with pytest.raises(MockUsageError):
        server.algorithms.register("image", source)


def test_a_module_is_an_algorithm(server):
    """Its functions are the methods."""
    assert run(server, "loads", "json", databases=None, args=["[1]"]) == [[1]]


PUBLIC_KEY = _keys.public_text(_keys.load(_keys.path(0)))


def encrypted_node(private_key, public_key=PUBLIC_KEY):
    """Start a node by hand in an encrypted collaboration."""
    server = MockServer()
    root = server.client()
    north = root.organization.create("North", "", "", "", "", "", public_key=public_key)
    place = root.collaboration.create("Secret", [north["id"]], encrypted=True)
    api_key = root.node.create(place["id"], organization=north["id"])["api_key"]
    return server.nodes.start(api_key, private_key=private_key)


def test_a_node_needs_a_key():
    """In an encrypted collaboration it cannot do without."""
    with pytest.raises(MockUsageError, match="pass private_key="):
        encrypted_node(None)


def test_a_node_needs_the_right_key():
    """The server's public key is never overwritten."""
    with pytest.raises(MockUsageError, match="does not belong to the public key"):
        encrypted_node(_keys.path(1))


def test_a_node_with_the_right_key():
    """It is online at once."""
    assert encrypted_node(_keys.path(0)).is_online


def test_a_node_publishes_its_key():
    """Where the server has none of its organization, as at the first start of a real one."""
    node = encrypted_node(_keys.path(0), public_key="")

    assert node.ask("GET", "organization/2")["public_key"] == PUBLIC_KEY


def test_a_node_without_a_collaboration():
    """It can log in, and has nothing to do."""
    server = MockServer(seed())
    root = server.client()
    place = root.collaboration.create("More", [2], encrypted=False)
    node = root.node.create(place["id"], organization=2)
    root.connection.request("DELETE", f"collaboration/{place['id']}/node", json={"id": node["id"]})

    with pytest.raises(MockUsageError, match="in no collaboration"):
        server.nodes.start(node["api_key"])


def test_an_initiator_without_a_key():
    """A result that can be encrypted for nobody stays where it is: the run goes on for everybody but its node."""
    server = MockServer(seed(encrypted=True))
    root = server.client()
    client = server.client("nora")
    client.setup_encryption(server.private_keys["North"])

    def method(df):
        root.user.update(client.whoami.id_, roles=[role["id"] for role in root.role.iter(name="Root")])
        client.organization.update(public_key="")
        return len(df)

    server.algorithms.register("image", {"method": method})
    task = client.task.create(1, [3], "n", "image", "", {"method": "method"}, "default")

    assert client.task.get(task["id"])["status"] == "active"
    assert "run 1 has completed, and its result cannot be handed over: " in server.nodes["South"].log[-1]


def test_a_result_that_the_blob_store_does_not_take():
    """It is lost, and when its node comes back it runs again."""
    server = MockServer(seed(), settings=Settings(large_result_store=True))
    server.faults.on(method="POST", path="/blobstream", caller="North").answer(500)
    client, task = run(server, "method", lambda df: len(df), wait=False)
    assert client.task.get(task)["status"] == "active"

    server.nodes["North"].go_offline()
    server.nodes["North"].go_online()

    assert client.task.get(task)["status"] == "completed"


class Held:
    """Two nodes that run a method, each in a thread, until they are let go."""

    def __init__(self):
        self.server = MockServer(seed(), execution="thread")
        self.root = self.server.client("root")
        self._started, self._go_on = threading.Barrier(3), threading.Event()
        self.client, self.task = run(self.server, "method", self._method, at=(2, 3), wait=False)
        self._started.wait(10)

    def _method(self, df):
        self._started.wait(10)
        self._go_on.wait(10)
        return len(df)

    def let_go(self):
        """Let them return, and wait until their nodes have taken note; return the runs, oldest first."""
        self._go_on.set()
        self.server.nodes.stop()
        return self.client.run.from_task(self.task)["data"]


def test_killing_a_task_that_runs():
    """What its algorithms return later is dropped, and their nodes note that the server had closed the runs."""
    held = Held()

    held.root.task.kill(held.task)
    runs = held.let_go()

    assert {row["status"] for row in runs} == {"killed by user"}
    assert {held.client.result.get(row["id"])["result"] for row in runs} == {None}
    for name in ("North", "South"):
        assert sum("was refused with status 400" in line for line in held.server.nodes[name].log) == 1


def test_killing_all_that_a_node_runs():
    """Its runs are reported as killed, by the node itself and without an end; other nodes go on."""
    held = Held()

    held.root.node.kill_tasks(held.server.nodes["North"].id)
    here, there = sorted(held.let_go(), key=lambda row: row["organization"]["id"])

    assert (here["status"], here["finished_at"]) == ("killed by user", None)
    assert there["status"] == "completed"
    assert held.server.nodes["North"].log == []


def test_an_algorithm_that_kills_its_own_task():
    """Where it runs inline the kill comes while its node waits for it; nothing of it is reported any more."""
    server = MockServer(seed())
    root = server.client("root")

    client, task = run(server, "method", lambda: root.task.kill(1), wait=False)

    assert client.task.get(task)["status"] == "killed by user"


@pytest.mark.parametrize("moment", ["PATCH", "POST"])
def test_a_kill_while_a_run_is_started(monkeypatch, moment):
    """Whatever the node has just said or asked: the algorithm does not start, and the run stays killed."""
    server = MockServer(seed())
    root, node = server.client("root"), server.nodes["North"]
    request, calls = node._connection.request, []

    def meddle(method, path, **content):
        answer = request(method, path, **content)
        if method == moment and not calls:
            calls.append(path)
            root.node.kill_tasks(node.id)
        return answer

    monkeypatch.setattr(node._connection, "request", meddle)

    client, task = run(server, "method", lambda: calls.append("ran"), wait=False)

    assert "ran" not in calls
    assert client.task.get(task)["status"] == "killed by user"


def test_an_input_that_cannot_be_had():
    """The run stays as it is until its node comes back, and so do all that the node finds with it then."""
    server = MockServer(seed(), settings=Settings(large_result_store=True))
    node = server.nodes["North"]
    lost = server.faults.on(method="GET", path="/blobstream/*", caller="North", times=2).answer(500)
    client, first = run(server, "method", lambda df: len(df), wait=False)
    node.go_offline()
    _, second = run(server, "method", lambda df: len(df), wait=False)

    node.go_online()
    assert {client.task.get(task)["status"] for task in (first, second)} == {"pending"}
    assert node.log[-1].startswith("run 1: its input cannot be had, so runs [1, 2] do not start: ")
    assert [one["started_at"] for one in client.run.list()["data"]] == [None, None]
    assert lost.hits == 2
    node.go_offline()
    node.go_online()

    assert {client.task.get(task)["status"] for task in (first, second)} == {"completed"}


def test_an_input_in_a_blob_that_cannot_be_decrypted():
    """The algorithm gets what is in the blob, as on a real node, and crashes on it."""
    server = MockServer(seed(encrypted=True), settings=Settings(large_result_store=True))
    client = server.client("nora")
    client.setup_encryption(server.private_keys["North"])
    server.algorithms.register("image", {"method": lambda df: len(df)})
    server.faults.on(method="GET", path="/blobstream/*", caller="North").answer(200, body="no ciphertext")

    task = client.task.create(1, [2], "n", "image", "", {"method": "method"}, "default")["id"]

    (one,) = client.run.from_task(task)["data"]
    assert (one["status"], one["log"].splitlines()[0][:21]) == ("crashed", "the input is not JSON")
    assert server.nodes["North"].peek(one).input == b"no ciphertext"


def test_a_run_is_killed_before_it_is_held(monkeypatch):
    """It is never held: here while the node looks for its method."""
    server = MockServer(seed(), execution="manual")
    node = server.nodes["North"]
    node.plan("refuse", method="other")
    decrypt = node.cryptor.decrypt

    def meddle(text):
        server.client().task.kill(1)
        return decrypt(text)

    monkeypatch.setattr(node.cryptor, "decrypt", meddle)

    client, task = run(server, "method", lambda: 1, wait=False)

    assert (node.runs, client.task.get(task)["status"]) == ([], "killed by user")
    server.reset()


def test_a_server_whose_nodes_are_at_work_is_not_reset(monkeypatch):
    """What runs would report to another world; the message names it."""
    monkeypatch.setattr(fleet, "PATIENCE", 0.05)
    held = Held()

    with pytest.raises(MockUsageError, match=r"node 'North' is still at work on runs \[1\]; let them end first"):
        held.server.reset()
    held.let_go()

    held.server.reset()
    assert held.server.client().task.list()["data"] == []
