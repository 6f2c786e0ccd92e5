"""The command `v6mock run`."""

from __future__ import annotations

import json
import sys
from io import StringIO

import pytest

from v6mockserver import _cli, _run
from v6mockserver._demo import FOLDER, HOSPITALS

from .nodes import image

FILES = [str(FOLDER / file) for file in HOSPITALS.values()]
ALGORITHM = """
def partial(df, column):
    print("columns:", *df.columns)
    return {"sum": float(df[column].sum()), "count": int(df[column].count())}


def central(client, column):
    organizations = [one["id"] for one in client.organization.list()]
    task = client.task.create(
        input_={"method": "partial", "kwargs": {"column": column}}, organizations=organizations, name="partial"
    )
    parts = client.wait_for_results(task["id"])
    return sum(part["sum"] for part in parts) / sum(part["count"] for part in parts)
"""


@pytest.fixture
def project(tmp_path):
    """An author's folder: a project with one package, and its tests."""
    for package in ("mean_of_column", "tests"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text(ALGORITHM)
    (tmp_path / "mean_of_column_in_a_file.py").write_text(ALGORITHM)
    yield tmp_path
    for name in ("mean_of_column", "mean_of_column_in_a_file"):
        sys.modules.pop(name, None)
    sys.path[:] = [place for place in sys.path if place != str(tmp_path)]


def run(*arguments):
    """Run the command with the files of the four hospitals."""
    return _cli.main(["run", *map(str, arguments), "--data", *FILES])


@pytest.mark.parametrize("place", ["", "mean_of_column", "mean_of_column_in_a_file.py"])
def test_an_algorithm_runs_from_where_its_author_has_it(project, place, capsys):
    """A project, a package and a file are all found."""
    assert run(project / place, "--method", "central", "--arg", "column=age", "--json") == 0

    outcome = json.loads(capsys.readouterr().out)
    assert outcome["results"] == {"cleveland": pytest.approx(53.51086956521739)}
    assert [(row["task"], row["organization"], row["status"]) for row in outcome["runs"]] == [
        ("central", "cleveland", "completed"),
        *(("partial", file.removesuffix(".csv"), "completed") for file in HOSPITALS.values()),
    ]
    assert all(row["bytes"] > 0 and row["seconds"] >= 0 for row in outcome["runs"])


def test_an_algorithm_runs_from_within_its_own_folder(project, monkeypatch, capsys):
    """The folder has a name, although it is not written out."""
    monkeypatch.chdir(project / "mean_of_column")

    assert run(".", "--method", "central", "--arg", "column=age", "--json") == 0
    assert json.loads(capsys.readouterr().out)["results"] == {"cleveland": pytest.approx(53.51086956521739)}


@pytest.mark.parametrize("how", [["--encrypted"], ["--execution", "thread"], ["--server-version", "4.0"]])
def test_it_runs_in_all_ways(project, how, capsys):
    """With the same result."""
    assert run(project, "--method", "central", "--arg", "column=age", "--json", *how) == 0
    assert json.loads(capsys.readouterr().out)["results"]["cleveland"] == pytest.approx(53.51086956521739)


def test_every_organization_can_be_asked(project, capsys):
    """A partial function gives a result for each."""
    assert run(project, "--method", "partial", "--arg", "column=age", "--everywhere") == 0

    shown = capsys.readouterr().out
    assert all(f"{file.removesuffix('.csv')}:" in shown for file in HOSPITALS.values())


def test_the_result_of_one_organization_stands_alone(project, capsys):
    """Whose it is the table of runs tells."""
    assert run(project, "--method", "central", "--arg", "column=age") == 0

    shown = capsys.readouterr().out
    assert "\n53.51" in shown
    assert "cleveland:" not in shown


@pytest.mark.slow
def test_an_interpreter_of_its_own(tmp_path, capsys):
    """The package and its tools need not be installed here."""
    python = image.build(tmp_path, "4.15.2")

    assert run(image.PACKAGE, "--method", "rows", "--arg", "column=age", "--python", python, "--json") == 0

    outcome = json.loads(capsys.readouterr().out)
    assert outcome["results"] == {"cleveland": {"age": 303}}
    assert outcome["runs"][0]["log"] == "threshold None\n"


@pytest.mark.slow
def test_a_result_that_is_no_json(tmp_path, capsys):
    """An algorithm may write what it likes, and end by itself."""
    file = tmp_path / "writes_text.py"
    file.write_text("import os\n\ndef method():\n    open(os.environ['OUTPUT_FILE'], 'w').write('text')\n    exit()\n")

    assert run(file, "--method", "method", "--execution", "subprocess") == 1

    shown = capsys.readouterr()
    assert "completed" in shown.out
    assert "a result is no JSON: " in shown.err
    del sys.modules["writes_text"]
    sys.path.remove(str(tmp_path))


def test_a_failure_shows_the_logs_of_all_runs(project, capsys):
    """The reason is in the log of a subtask, which no result tells."""
    assert run(project, "--method", "central", "--arg", "column=shoe_size") == 1

    shown = capsys.readouterr()
    assert "KeyError: 'shoe_size'" in shown.out
    assert "the task ended as 'crashed'" in shown.err


def test_the_debugger_stops_where_it_fails(project, capsys, monkeypatch):
    """At the terminal, not in the log."""
    terminal = StringIO()
    monkeypatch.setattr(sys, "__stdin__", StringIO("up 100\np column\nq\nq\n"))
    monkeypatch.setattr(sys, "__stdout__", terminal)
    # Leaving pdb ends all tracing, and with it the measuring of what this process tests from here on.
    monkeypatch.setattr(sys, "settrace", lambda _: None)

    assert run(project, "--method", "partial", "--arg", "column=shoe_size", "--debug") == 1

    assert "(Pdb)" in terminal.getvalue()
    assert "'shoe_size'" in terminal.getvalue()
    assert "(Pdb)" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["nowhere_to_be_found", "--method", "central"], "--python of `v6mock run`"),
        (["nowhere_to_be_found", "--method", "central", "--debug"], "'nowhere_to_be_found' cannot be imported"),
        (["nowhere.py", "--method", "central"], "there is no file nowhere.py"),
        (["json", "--method", "dumps", "--arg", "age"], "an argument looks like column=age, not 'age'"),
        (["json", "--method", "dumps", "--debug", "--execution", "thread"], "--debug is for inline execution"),
        ([FOLDER, "--method", "central"], "has not one package in it but none"),
    ],
)
def test_what_cannot_be_run_is_explained(arguments, complaint, capsys):
    """In one line."""
    assert run(*arguments) == 1
    assert complaint in capsys.readouterr().err


def test_a_missing_file_is_told_at_once(capsys):
    """Before anything runs."""
    assert _cli.main(["run", "json", "--method", "dumps", "--data", FILES[0], "nowhere.csv"]) == 1
    assert "there is no nowhere.csv" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("written", "value"), [("a=1", 1), ("a=age", "age"), ('a=["b", 2]', ["b", 2]), ("a=x=y", "x=y"), ("a=", "")]
)
def test_arguments_are_json_or_text(written, value):
    """A name needs no quotes."""
    assert _run.arguments([written]) == {"a": value}
