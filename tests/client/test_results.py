"""The results of a task, by organization and as a data frame."""

from __future__ import annotations

import json
import sys
import traceback
from dataclasses import replace

import numpy as np
import pytest

from v6client._plain import PlainCryptor
from v6client.exceptions import (
    DeserializationException,
    MissingResultError,
    NotFoundError,
    UsageError,
    WrongKeyError,
)

ALGORITHM = {
    "count": lambda df: len(df),
    "describe": lambda df: {"rows": len(df), "columns": [*df.columns]},
    "records": lambda df: [{"n": n} for n in df["x"]],
    "picky": lambda df: 1 / (len(df) - 3),
    "nothing": lambda df: None,
    "alone": lambda: 1,
}


@pytest.fixture
def server(server):
    """The mock with these algorithms."""
    server.algorithms.register("many", ALGORITHM)
    return server


def start(client, method, organizations):
    """Create a task."""
    return client.task.create(1, organizations, "n", "many", "", {"method": method}, databases="default")["id"]


def test_results_tell_whose_they_are(nora):
    """Each has its organization, its run and the status of that, in the server's order."""
    task = start(nora, "count", [2, 3, 4])

    results = nora.result.from_task(task)["data"]

    assert [row["organization"] for row in results] == [
        {"id": 4, "name": "Hospital 3"},
        {"id": 3, "name": "Hospital 2"},
        {"id": 2, "name": "Hospital 1"},
    ]
    assert [row["run"]["id"] for row in results] == [3, 2, 1]
    assert {row["status"] for row in results} == {"completed"}


def test_all_results_come_also_where_a_walk_takes_several_pages(nora, monkeypatch):
    """And none comes twice."""
    monkeypatch.setattr("v6client._paging.PAGE_SIZE", 4)
    task = start(nora, "count", [*range(2, 14)])

    assert [json.loads(row["result"]) for row in nora.wait_for_results(task)["data"]] == [*range(11, -1, -1)]
    assert len({run["id"] for run in nora.run.from_task(task)["data"]}) == 12


def test_results_of_no_task_are_an_error(nora):
    """And not an empty list."""
    with pytest.raises(NotFoundError):
        nora.result.from_task(7)


def test_a_mapping_by_name_and_id(nora):
    """The results are decoded, and either key does."""
    task = start(nora, "describe", [3, 4])

    results = nora.result.by_organization(task)

    assert [*results] == ["Hospital 3", "Hospital 2"]
    assert results["Hospital 3"] == results[4] == {"rows": 2, "columns": ["x"]}
    assert 4 in results
    assert results.missing == []
    assert results.require_all() is results
    assert repr(results) == f"<results of task {task}: Hospital 3, Hospital 2; missing: none>"


def test_names_do_not_command_the_terminal(root, nora):
    """Where a prompt shows the mapping; they are its keys as they are."""
    root.organization.update(3, name="\x1b[31mRed")
    results = nora.result.by_organization(start(nora, "count", [3]))

    assert [*results] == ["\x1b[31mRed"]
    assert "\x1b" not in repr(results)


def test_a_number_of_numpys_is_an_id_too(nora):
    """As it comes out of a data frame."""
    results = nora.result.by_organization(start(nora, "count", [2, 3]))

    assert results[np.int64(3)] == results["Hospital 2"] == 1


def test_null_is_a_result(nora):
    """An algorithm that returns nothing has said so."""
    assert dict(nora.result.by_organization(start(nora, "nothing", [2]))) == {"Hospital 1": None}


def test_missing_results_are_named(server, nora):
    """With their status, and the log where there is one."""
    server.nodes["Hospital 1"].go_offline()
    task = start(nora, "picky", [2, 4, 5])

    results = nora.result.by_organization(task)

    assert dict(results) == {"Hospital 3": -1.0}
    assert [(run["organization"], run["status"]) for run in results.missing] == [
        ("Hospital 1", "failed"),
        ("Hospital 4", "crashed"),
    ]
    assert "Hospital 4" not in results
    assert "Hospital 4 (crashed)" in repr(results)
    with pytest.raises(MissingResultError, match=r"Hospital 4 is 'crashed'(.|\n)*ZeroDivisionError"):
        results[5]
    with pytest.raises(MissingResultError, match=r"Hospital 1 is 'failed'(.|\n)*Hospital 4 is 'crashed'"):
        results.require_all()


def test_what_a_failed_run_left_behind_is_no_result(server, nora):
    """A node may send what the algorithm had written before it crashed."""
    task = start(nora, "count", [3])
    runs = nora.request("run", params={"task_id": task})
    runs["data"][0]["status"] = "crashed"
    server.faults.on(path="/run").answer(200, body=runs)

    results = nora.result.by_organization(task)

    assert dict(results) == {}
    assert [run["status"] for run in results.missing] == ["crashed"]


def test_a_stranger_is_told_from_a_missing_result(nora):
    """The error has those who take part."""
    results = nora.result.by_organization(start(nora, "count", [3]))

    with pytest.raises(KeyError, match=r"no run at organization 'Hospital 9', but at Hospital 2 \(3\)"):
        results["Hospital 9"]
    assert 9 not in results


def test_a_result_that_is_no_json_is_an_error_that_does_not_show_it(server, nora):
    """As text it can still be had."""
    task = start(nora, "count", [2])
    cryptor = type(nora.cryptor).from_file(server.private_keys["Hospital 1"])
    runs = server._world.run
    runs.replace(replace(runs[1], result=cryptor.encrypt(b"no JSON", cryptor.public_key)))

    with pytest.raises(DeserializationException, match="run 1 at Hospital 1 is no JSON") as caught:
        nora.result.by_organization(task)

    assert "no JSON" not in repr(caught.value.__context__)
    assert nora.result.from_task(task)["data"][0]["result"] == "no JSON"


@pytest.mark.parametrize(("collaboration", "error"), [(1, WrongKeyError), (2, DeserializationException)])
def test_a_result_that_is_no_text_is_an_error_that_does_not_show_it(server, nora, collaboration, error):
    """Some algorithms write no JSON; decrypted with a wrong key, a result looks like that as well."""
    task = nora.task.create(collaboration, [2], "n", "many", "", {"method": "alone"})["id"]
    cryptor = nora.cryptor if collaboration == 1 else PlainCryptor()
    runs, public_key = server._world.run, nora.cryptor.public_key
    runs.replace(replace(runs[1], result=cryptor.encrypt(b"secret \xff", public_key)))

    with pytest.raises(error, match=r"the result of run 1 cannot be read: .*not text") as caught:
        nora.result.from_task(task)

    shown = "".join(traceback.format_exception(caught.value))
    chain = [caught.value, caught.value.__cause__, caught.value.__cause__.__context__]
    assert "secret" not in shown + repr(chain)


def test_names_that_may_not_be_seen(server, root):
    """Then an organization is called by its id."""
    rules = [
        row["id"]
        for row in root.rule.iter()
        if (row["name"], row["operation"], row["scope"]) in {("task", "CREATE", "GLOBAL"), ("run", "VIEW", "GLOBAL")}
    ]
    root.user.create("rob", "Rob", "R", "Secret-42", "rob@x.org", organization=2, rules=rules)
    client = server.client("rob", "Secret-42")
    client.setup_encryption(None)
    task = client.task.create(2, [2], "n", "many", "", {"method": "alone"})["id"]

    assert dict(client.result.by_organization(task)) == {"organization 2": 1}


@pytest.mark.parametrize(
    ("method", "index", "columns"),
    [
        ("describe", ["Hospital 4", "Hospital 3"], {"rows": [3, 2], "columns": [["x"], ["x"]]}),
        ("count", ["Hospital 4", "Hospital 3"], {"result": [3, 2]}),
        ("records", ["Hospital 4"] * 3 + ["Hospital 3"] * 2, {"n": [0, 1, 2, 0, 1]}),
    ],
)
def test_frames(nora, method, index, columns):
    """Dicts make a row, lists of dicts a row of each, and anything else a value."""
    frame = nora.result.to_frame(start(nora, method, [4, 5]))

    assert [*frame.index] == index
    assert frame.index.name == "organization"
    assert {name: [*frame[name]] for name in frame} == columns


def test_a_frame_has_a_row_of_each_organization(nora):
    """Also where its list of rows is empty."""
    frame = nora.result.to_frame(start(nora, "records", [2, 3]))

    assert [*frame.index] == ["Hospital 2", "Hospital 1"]
    assert frame["n"].isna().to_list() == [False, True]


def test_a_frame_with_gaps_has_to_be_asked_for(nora):
    """A sum over organizations that lacks one is wrong."""
    task = start(nora, "picky", [4, 5])

    with pytest.raises(MissingResultError, match="Hospital 4"):
        nora.result.to_frame(task)

    frame = nora.result.to_frame(task, allow_missing=True)
    assert [*frame.index] == ["Hospital 3", "Hospital 4"]
    assert frame["result"].isna().to_list() == [False, True]


def test_a_frame_needs_pandas(nora, monkeypatch):
    """And the error says how to get it."""
    task = start(nora, "count", [3])
    monkeypatch.setitem(sys.modules, "pandas", None)

    with pytest.raises(UsageError, match=r"v6client\[pandas\]"):
        nora.result.to_frame(task)
