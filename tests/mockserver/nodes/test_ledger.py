"""The egress ledger, and looks into runs."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from v6mockserver import Egress, MockServer, MockUsageError, Settings
from v6mockserver.nodes.ledger import COLUMNS

from .federation import PLAIN, Study, seed


def entry(value, what="result"):
    """Return an entry with a value."""
    content = value.encode() if what == "log" else json.dumps(value).encode()
    return Egress(run=1, task=1, node="North", what=what, to=2, content=content)


FRAME = pd.DataFrame({"age": [40, 50, 60], "count": [7, 8, 9]})

SHAPES = {
    "number": (3, (), None),
    "nothing": (None, (), None),
    "list": ([1, 2, 3], (), (3, 1)),
    "empty list": ([], (), None),
    "matrix": ([[1, 2], [3, 4], [5, 6]], (), (3, 2)),
    "records": ([{"a": 1, "b": 2}] * 4, (), (4, 2)),
    "object": ({"sum": 1.5, "count": 3}, ("sum", "count"), None),
    "columns": ({"a": [1, 2, 3], "b": [4, 5, 6]}, ("a", "b"), (3, 2)),
    "uneven": ({"a": [1, 2, 3], "b": [4]}, ("a", "b"), (3, 1)),
    "inside": ({"table": {"a": [1] * 9, "b": [2] * 9}, "n": 3}, ("table", "n"), (9, 2)),
    "pandas": ({"table": FRAME.to_json()}, ("table",), (3, 2)),
    "text": ("[1, 2", (), None),
}


@pytest.mark.parametrize(("value", "keys", "table"), SHAPES.values(), ids=SHAPES)
def test_shapes(value, keys, table):
    """The names at the top, and the longest table anywhere in it."""
    assert (entry(value).keys, entry(value).table) == (keys, table)


SMALLEST = {
    "counts": ({"n": 12, "missing": 3}, 3),
    "floats": ({"n": 12.0, "mean": 2.5}, 12),
    "zero and below": ([0, -4, 9], 9),
    "yes": ({"ok": True, "n": 5}, 5),
    "none": ({"mean": 0.25}, None),
    "not a number": ([float("nan"), float("inf"), 8], 8),
    "keys": ({"2": {"1": 30}}, 30),
    "pandas": (FRAME.to_json(), 7),
}


@pytest.mark.parametrize(("value", "smallest"), SMALLEST.values(), ids=SMALLEST)
def test_the_smallest_count(value, smallest):
    """Of whole numbers above zero that are values, wherever they are."""
    assert entry(value).smallest == smallest


def test_a_log():
    """Its lines are what it has; its numbers count for nothing."""
    log = entry("rows: 1\nrows: 2\n", what="log")

    assert (log.table, log.smallest, log.keys) == ((2, 1), None, ())


def central(client):
    """Ask two nodes, and say how many rows they have together."""
    task = client.task.create({"method": "partial", "kwargs": {"least": 5}}, [3, 4])
    return sum(client.wait_for_results(task["id"]))


def partial(df, least):
    """Return the number of rows."""
    print("counting")
    return len(df)


@pytest.fixture(params=["plain", "encrypted", "in blobs"])
def study(request):
    """A study whose algorithm asks two nodes, however what it says travels."""
    settings = Settings(large_result_store=request.param == "in blobs")
    study = Study(MockServer(seed(encrypted=request.param != "plain"), settings=settings))
    study.server.algorithms.register("image", {"central": central, "partial": partial})
    return study


def test_what_leaves_nodes(study):
    """The inputs of subtasks, results and logs, in clear text."""
    study.value("central")

    rows = [(one.node, one.what, one.run, one.to, one.content) for one in study.server.ledger]
    question = b'{"method": "partial", "kwargs": {"least": 5}}'
    assert sorted(rows) == sorted(
        [
            ("South", "result", 2, 2, b"2"),
            ("South", "log", 2, 2, b"counting\n"),
            ("West", "result", 3, 2, b"3"),
            ("West", "log", 3, 2, b"counting\n"),
            ("North", "input", 1, 3, question),
            ("North", "input", 1, 4, question),
            ("North", "result", 1, 2, b"5"),
        ]
    )


def test_the_ledger_as_a_table(study):
    """For people, and as a data frame."""
    study.value("central")
    ledger = study.server.ledger

    frame = ledger.to_frame()

    assert list(frame.columns) == list(COLUMNS)
    assert frame[frame["what"] == "result"]["smallest"].tolist() == [2, 3, 5]
    assert "counting" not in str(ledger)
    assert str(ledger).count("North") == 3
    assert repr(ledger).startswith("<Ledger of 7 entries, ")


def test_a_reset_empties_the_ledger(study):
    """As it empties the journal."""
    study.value("central")

    study.server.reset()

    assert (len(study.server.ledger), study.server.ledger[:]) == (0, [])


def test_a_look_into_a_run(study):
    """What went into it and what came out, in clear text."""
    study.value("central")

    peek = study.server.nodes["South"].peek(2)

    assert (peek.run, peek.task, peek.node, peek.image, peek.status) == (2, 2, "South", "image", "completed")
    assert peek.input == {"method": "partial", "kwargs": {"least": 5}}
    assert (peek.output, peek.log, peek.files) == (2, "counting\n", {})
    assert peek.environment["USER_REQUESTED_DATABASE_LABELS"] == "default"
    for text in ("run 2 of task 2 at 'South'", "'least': 5", "DB_LABELS=default,other", "  counting"):
        assert text in repr(peek)


@pytest.mark.slow
def test_the_files_of_a_process():
    """They are where they were."""
    study = Study(MockServer(seed(), execution="subprocess"))
    study.server.algorithms.register("image", PLAIN)

    run = study.run("partial", "x")
    peek = study.server.nodes["North"].peek(run)

    assert json.loads(peek.files["input"].read_text()) == peek.input
    assert peek.files["output"].read_text() == json.dumps(peek.output)
    assert peek.environment["INPUT_FILE"] == str(peek.files["input"])
    study.server.nodes.stop()


def test_a_run_that_did_not_start(study):
    """There is nothing in it."""
    study.server.nodes["North"].plan("refuse")
    study.ask("central")

    peek = study.server.nodes["North"].peek(1)

    assert peek.status == "not allowed"
    assert (peek.input, peek.output, peek.log, peek.environment, peek.files) == (None, None, "", {}, {})


def test_output_that_is_not_json(study):
    """It is shown as it is."""
    study.server.nodes["North"].plan("malformed")
    study.ask("central")

    assert study.server.nodes["North"].peek(1).output == b'{"result": [1, 2'
    assert study.server.ledger[-1].keys == ()


def test_a_run_of_another_node(study):
    """The message has those of this one."""
    study.value("central")

    with pytest.raises(MockUsageError, match="'South' has had no run 1; it has had 2"):
        study.server.nodes["South"].peek(1)
