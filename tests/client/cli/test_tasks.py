"""Tasks and results on the command line."""

from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.usefixtures("login")


@pytest.fixture(autouse=True)
def _algorithms(server):
    """Algorithms that answer, and one that fails."""

    def echo(df, *args, **kwargs):
        return {"args": args, "kwargs": kwargs}

    def fail(df):
        raise ValueError("the data are not there")

    server.algorithms.register("echo", {"echo": echo, "fail": fail})


CREATE = ("task", "create", "--image=echo", "--database=default")


def test_a_task_is_created_and_awaited(answer):
    """By everybody in the collaboration of the profile; arguments are JSON where they can be."""
    results = answer(
        *CREATE, "--method=echo", "--arg=1", "--arg=[2]", "--arg=x y", "--kwarg=column=age", "--kwarg=n=3", "--wait"
    )

    assert {row["organization"]["name"] for row in results} == {"Cleveland", "Budapest", "Switzerland", "Long Beach"}
    assert results[0]["result"] == {"args": [1, [2], "x y"], "kwargs": {"column": "age", "n": 3}}


def test_a_task_for_some(answer):
    """It is shown as the server has it."""
    task = answer(*CREATE, "--method=echo", "--organization=2", "--organization=3", "--description=d")

    assert (task["name"], task["description"], task["image"]) == ("echo", "d", "echo")
    assert len(answer("task", "wait", task["id"])) == 2
    assert [row["id"] for row in answer("task", "list", "--name=echo")] == [task["id"]]
    assert answer("task", "get", task["id"])["status"] == "completed"


@pytest.mark.parametrize("stdin", [True, False])
def test_the_input_is_in_a_file(answer, tmp_path, stdin):
    """Or comes in on standard input."""
    text = json.dumps({"method": "echo", "args": ["a"]})
    (tmp_path / "input.json").write_text(text)

    results = answer(
        *CREATE, "--organization=2", "--wait", f"--input={'-' if stdin else tmp_path / 'input.json'}", stdin=text
    )

    assert [row["result"]["args"] for row in results] == [["a"]]


def test_results_are_a_table(answer, call):
    """A line for each organization."""
    status, table, _ = call(*CREATE, "--method=echo", "--wait")
    (task,) = answer("task", "list")

    assert status == 0
    assert call("result", task["id"])[1] == table
    assert table.splitlines()[0].split() == ["run.id", "organization", "status", "result"]
    assert len(table.splitlines()) == 5
    assert '{"args": [], "kwargs": {}}' in table


@pytest.mark.slow
def test_an_encrypted_task(server, answer, call, monkeypatch):
    """It takes the private key of the profile, and so do its results."""
    create = (*CREATE, "--collaboration=2", "--method=echo", "--organization=3")
    status, _, stderr = call(*create)
    assert status == 1
    assert "v6client login --private-key" in stderr

    monkeypatch.setenv("V6CLIENT_PRIVATE_KEY", str(server.private_keys["Cleveland"]))
    (result,) = answer(*create, "--wait")

    assert result["result"] == {"args": [], "kwargs": {}}
    assert len(answer("run", "list")) == 1


@pytest.mark.slow
def test_an_input_that_is_encrypted(server, answer, monkeypatch):
    """Who has its key can read it, in a list and by itself."""
    monkeypatch.setenv("V6CLIENT_PRIVATE_KEY", str(server.private_keys["Cleveland"]))
    answer(*CREATE, "--collaboration=2", "--method=echo", "--organization=2")

    (run,) = answer("run", "list")

    assert json.loads(run["input"])["method"] == "echo"
    assert answer("run", "get", run["id"])["input"] == run["input"]


def test_a_task_that_fails(call):
    """The run and the end of its log are on stderr, and nothing else is."""
    status, stdout, stderr = call(*CREATE, "--method=fail", "--organization=2", "--wait")

    assert (status, stdout) == (1, "")
    assert stderr.startswith("v6client: task ")
    assert "the data are not there" in stderr


def test_a_task_that_takes_too_long(server, answer, call):
    """The wait ends, and says what was not finished."""
    server.nodes["Open Budapest"].go_offline()
    task = answer(*CREATE, "--method=echo", "--organization=3")

    status, stdout, stderr = call("task", "wait", task["id"], "--timeout=0.01")

    assert (status, stdout) == (1, "")
    assert "Budapest" in stderr


def test_tasks_are_stopped_and_deleted(server, answer, monkeypatch):
    """Several at once, here by somebody else."""
    server.nodes["Open Budapest"].go_offline()
    tasks = [answer(*CREATE, "--method=echo", "--organization=3")["id"] for _ in range(2)]
    monkeypatch.setenv("V6CLIENT_USERNAME", "root")
    monkeypatch.setenv("V6CLIENT_PASSWORD", "root")

    stopped = answer("task", "kill", *tasks)
    deleted = answer("task", "delete", *tasks)

    assert [row["id"] for row in stopped] == [row["id"] for row in deleted] == tasks
    assert answer("task", "list") == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give either --method or --input"),
        (["--method=echo", "--input=-"], "give either --method or --input"),
        (["--input=-"], "is not JSON"),
        (["--input=-", "--arg=1"], "is not JSON"),
        (["--method=echo", "--kwarg=age"], "'age' is not such as column=age"),
        (["--method=echo", "--kwarg=1=2"], "'1=2' is not such as column=age"),
        (["--method=echo", "--timeout=0"], "not in the range"),
        (["--method=echo", "--input=absent.json"], "No such file"),
    ],
)
def test_what_cannot_be_a_task(server, call, arguments, message):
    """It is refused before anything is sent."""
    server.journal.clear()

    status, stdout, stderr = call(*CREATE, *arguments)

    assert (status, stdout, stderr.count("\n")) == (2, "", 1)
    assert message in stderr
    assert len(server.journal) == 0


@pytest.mark.parametrize("text", ["[]", '{"method": "echo"}'])
def test_an_input_with_everything_in_it(call, text):
    """It is an object, and takes no other arguments."""
    status, _, stderr = call(*CREATE, "--input=-", *(["--arg=1"] if "method" in text else []), stdin=text)

    assert status == 2
    assert "--input has an object" in stderr


def test_a_task_for_nobody(call, home):
    """Without collaboration, study and organizations nobody knows who shall run it."""
    file = home / "config.toml"
    file.write_text(file.read_text().replace("collaboration = 1\n", ""))

    status, _, stderr = call(*CREATE, "--method=echo")

    assert status == 2
    assert "name a collaboration, a study or organizations" in stderr
