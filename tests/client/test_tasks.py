"""Tasks, runs and results as a researcher meets them."""

from __future__ import annotations

import json

import numpy as np
import pytest

from v6client.exceptions import (
    EncryptionError,
    NoPrivateKeyError,
    TaskFailedError,
    TaskTimeoutError,
    UsageError,
    WrongKeyError,
)

INPUT = {"method": "count"}


def everybody(client):
    """Return the ids of all organizations in the collaboration."""
    return [row["id"] for row in client.organization.iter(collaboration=1)]


def start(client, organizations, method="count", **changes):
    """Create a task."""
    task = client.task.create(
        **{
            "collaboration": 1,
            "organizations": organizations,
            "name": "counting",
            "image": "count",
            "description": "",
            "input_": {"method": method},
            "databases": "default",
            **changes,
        }
    )
    return task["id"]


def test_all_results_come_however_many_there_are(nora):
    """Twelve organizations give twelve results, although a page of the server has ten."""
    task = start(nora, everybody(nora))

    results = nora.wait_for_results(task)["data"]

    assert [json.loads(row["result"]) for row in results] == list(range(11, -1, -1))
    assert nora.result.from_task(task)["data"] == results


def test_a_number_of_numpys_is_a_time_too(nora):
    """And a text is none."""
    task = start(nora, [2])

    assert nora.wait_for_results(np.int64(task), np.int64(1), timeout=np.float64(5))["data"]
    with pytest.raises(UsageError, match="timeout is a number of seconds, not '5'"):
        nora.wait_for_results(task, timeout="5")


def test_all_runs_come_however_many_there_are(nora):
    """So do the runs of a task."""
    task = start(nora, everybody(nora))

    runs = nora.run.from_task(task)["data"]

    assert len(runs) == 12
    assert {run["status"] for run in runs} == {"completed"}


def test_inputs_of_others_stay_closed(nora):
    """An input is readable for the organization that it was encrypted for, and stays as it is for everybody else."""
    first, second, *_ = everybody(nora)
    task = start(nora, [first, second])

    inputs = {run["organization"]["id"]: run["input"] for run in nora.run.from_task(task)["data"]}

    assert json.loads(inputs[first]) == INPUT
    assert "$" in inputs[second]


def test_one_result(nora):
    """A single result is decrypted as well."""
    task = start(nora, everybody(nora)[2:3])
    (run,) = nora.run.from_task(task)["data"]

    assert nora.result.get(run["id"])["result"] == "2"
    assert nora.run.get(run["id"], include_task=True)["task"]["id"] == task


def test_the_wrong_key_is_an_error_not_ciphertext(server, nora):
    """Two clients in one process have two keys, and only the right one reads."""
    task = start(nora, everybody(nora)[:1], "words")
    other = server.client("root")
    other.cryptor = type(nora.cryptor).from_file(server.private_keys["Hospital 2"])

    with pytest.raises(WrongKeyError):
        other.result.from_task(task)

    assert "word" in nora.result.from_task(task)["data"][0]["result"]


def test_no_key_is_an_error_before_anything_is_sent(server):
    """A task whose results nobody could read is not created."""
    client = server.client("nora")

    with pytest.raises(NoPrivateKeyError, match="setup_encryption"):
        start(client, [2])

    assert client.task.list()["data"] == []


def test_no_key_is_an_error_when_reading(server, nora):
    """Ciphertext is never handed out as a result."""
    task = start(nora, everybody(nora)[:1])

    with pytest.raises(NoPrivateKeyError):
        server.client("nora").result.from_task(task)


def test_a_key_does_no_harm_in_a_plain_collaboration(nora):
    """The collaboration decides, not the key."""
    task = start(nora, [2], collaboration=2, databases=None, input_={"method": "no"})

    (run,) = nora.run.from_task(task)["data"]

    assert json.loads(run["input"]) == {"method": "no"}


def test_an_organization_without_a_key_is_named(root, nora, server):
    """Nothing can be encrypted for it, and the error says who."""
    keyless = root.organization.create("Keyless", "", "", "", "", "")["id"]
    root.connection.request("POST", "collaboration/1/organization", json={"id": keyless})

    with pytest.raises(EncryptionError, match="Keyless"):
        start(nora, [keyless])


def test_a_stranger_is_refused_before_anything_is_encrypted(nora):
    """The error has the members."""
    with pytest.raises(UsageError, match="organization 99 is not in the collaboration"):
        start(nora, [99])


def test_a_call_in_the_order_of_the_reference(nora):
    """Calls written for 4.0 mean what they did."""
    task = nora.task.create(2, [2], "n", "count", "d", {"method": "count"}, ["default"])

    assert (task["collaboration"]["id"], task["databases"][0]["label"]) == (2, "default")


def test_a_call_by_keywords_alone(nora):
    """Calls written for later releases can leave the collaboration to setup_collaboration."""
    call = {"organizations": [2], "name": "n", "image": "count", "description": "", "input_": {"method": "count"}}
    with pytest.raises(UsageError, match="setup_collaboration"):
        nora.task.create(**call)

    nora.setup_collaboration(2)

    assert nora.task.create(**call)["collaboration"]["id"] == 2
    assert nora.task.create(None, **call)["collaboration"]["id"] == 2
    assert nora.task.create(collaboration=1, **call)["collaboration"]["id"] == 1


def test_what_is_missing_is_said_as_python_says_it(nora):
    """Only the collaboration can be left out."""
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'input_'"):
        nora.task.create(organizations=[2], name="n", image="count", description="")


def test_a_call_in_the_order_of_later_releases(nora):
    """It is refused, and the error says which argument is taken for which."""
    with pytest.raises(UsageError, match=r"collaboration, the first .* by position.* not \[2\]"):
        nora.task.create([2], "n", "count", "d", {"method": "count"}, 2)


def test_a_task_of_a_study(root, nora):
    """The study says in which collaboration, and so whether the input is encrypted."""
    body = {"name": "Few", "collaboration_id": 1, "organization_ids": [2, 3]}
    study = root.connection.request("POST", "study", json=body)["id"]

    nora.task.create(organizations=[3], name="n", image="count", description="", input_={}, study=study)

    (task,) = nora.task.list()["data"]
    (run,) = nora.run.list()["data"]
    assert (task["collaboration"]["id"], task["study"]["id"]) == (1, study)
    assert "$" in run["input"]


@pytest.mark.parametrize("databases", ["default", {"label": "default"}, [{"label": "default"}], ("default",)])
def test_a_single_database_needs_no_list(nora, databases):
    """Neither as a label nor as a dict, which is not the list of its keys."""
    task = nora.task.get(start(nora, [2], collaboration=2, databases=databases))

    assert [database["label"] for database in task["databases"]] == ["default"]


@pytest.mark.parametrize("databases", ["not a label", [{"query": "SELECT 1"}], [3], 3, {"name": "x"}, ["ok", "a-b"]])
def test_a_bad_database_is_refused(nora, databases):
    """A label becomes part of a variable's name."""
    with pytest.raises(UsageError, match="label"):
        start(nora, [2], databases=databases)


@pytest.mark.parametrize("organizations", [[], 3])
def test_bad_organizations_are_refused(nora, organizations):
    """A task needs somebody to run it."""
    with pytest.raises(UsageError, match="organizations is"):
        start(nora, organizations)


def test_an_input_that_is_no_json_is_refused(nora):
    """The message says what to use instead."""
    with pytest.raises(UsageError, match="plain numbers"):
        start(nora, [2], input_={"method": object()})


def test_a_failure_is_an_exception_with_logs(nora):
    """It names task, run, organization and status, and has the log."""
    task = start(nora, everybody(nora)[:1], "broken")

    with pytest.raises(TaskFailedError, match=r"Hospital 1 is 'crashed'(.|\n)*ValueError: on purpose") as caught:
        nora.wait_for_results(task)

    assert caught.value.task_id == task
    assert [run["node"] for run in caught.value.runs] == ["Hospital 1"]


def test_a_failure_can_be_a_result_without_content(nora):
    """Whoever asks for it gets what there is."""
    task = start(nora, everybody(nora)[:1], "broken")

    (result,) = nora.wait_for_results(task, raise_on_failure=False)["data"]

    assert result["result"] == ""


def test_time_that_is_up_names_what_is_missing(server, nora):
    """The error says which run, and that its node is offline."""
    server.nodes["Hospital 2"].go_offline()
    task = start(nora, [3])

    with pytest.raises(TaskTimeoutError, match="Hospital 2 is pending and its node Hospital 2 is offline"):
        nora.wait_for_results(task, timeout=0.05)


def test_one_line_of_progress(nora, capsys):
    """Where there is no terminal, one line says it, on stderr."""
    nora.wait_for_results(start(nora, [2]), progress=True)

    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("\n") == 1
    assert "completed" in shown.err


def test_live_progress_in_a_terminal(nora, capsys, monkeypatch):
    """In a terminal every organization has a line of its own."""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)

    nora.wait_for_results(start(nora, [2, 3]), progress=True)

    assert "Hospital 1" in capsys.readouterr().err


def test_deleted_tasks_are_gone(nora):
    """With their runs."""
    task = start(nora, [2])

    nora.task.delete(task)

    assert nora.task.list()["data"] == []
    assert nora.run.list()["data"] == []


def test_tasks_are_found_by_their_properties(nora):
    """Every filter reaches the server."""
    first, second = start(nora, [2]), start(nora, [2, 3], name="other")
    me = nora.whoami

    def found(**filters):
        return [task["id"] for task in nora.task.list(**filters)["data"]]

    assert found(name="oth%") == [second]
    assert found(initiating_user=me.id_, initiating_org=me.organization_id, collaboration=1) == [second, first]
    assert found(image="nothing") == found(parent=first) == found(user_created=False) == []
    assert found(database="default", status="completed", user_created=True, per_page=1, page=2) == [first]
    assert found(run=nora.run.from_task(first)["data"][0]["id"], job=1) == [first]
    assert nora.task.get(first, include_results=True)["results"][0]["result"]
    assert [task["id"] for task in nora.task.iter(include_results=True)] == [second, first]


def test_runs_are_found_by_their_properties(nora):
    """Every filter reaches the server."""
    start(nora, [2, 3])

    def found(**filters):
        return [run["organization"]["id"] for run in nora.run.list(**filters)["data"]]

    assert found(organization=3) == [3]
    assert found(state="open") == []
    assert found(task=1, include_task=True, per_page=1, page=2) == [2]
    assert found(assigned=("2000-01-01", "2001-01-01")) == []
    assert found(started=("2000-01-01", "2999-01-01"), finished=("2000-01-01", "2999-01-01")) == [3, 2]
    assert [run["id"] for run in nora.run.iter(task=1)] == [2, 1]


def test_an_input_as_the_server_has_it(nora):
    """It is decrypted unless told otherwise."""
    (run,) = nora.run.from_task(start(nora, [2]))["data"]

    assert json.loads(nora.run.get(run["id"])["input"]) == INPUT
    assert "$" in nora.run.get(run["id"], decrypt_input=False)["input"]
