"""The command `v6mock`."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys

import pytest
import requests

from v6mockserver import MockServer, _cli

COMMAND = [sys.executable, "-m", "v6mockserver"]


def test_demo_prints_one_json_object(capsys):
    """With --json, stdout holds the outcome and nothing else."""
    status = _cli.main(["demo", "--json"])

    outcome = json.loads(capsys.readouterr().out)
    assert status == 0
    assert outcome["mean"] == pytest.approx(outcome["pooled_mean"], abs=1e-9)
    assert outcome["rows"] == 920
    assert outcome["encrypted"] is True
    assert outcome["organizations"] == ["Cleveland", "Budapest", "Switzerland", "Long Beach"]
    assert outcome["seconds"] > 0


def test_demo_shows_a_table(capsys):
    """Without it, people read hospitals, rows, missing values and both means."""
    assert _cli.main(["demo", "--column", "chol", "--execution", "inline"]) == 0

    shown = capsys.readouterr().out
    assert re.search(r"Switzerland\W+123\W+0\W", shown)
    assert "federated mean" in shown
    assert "pooled mean" in shown


def test_demo_over_a_port(capsys):
    """With --live, the same comes out over a loopback port."""
    assert _cli.main(["demo", "--json", "--live"]) == 0

    assert round(json.loads(capsys.readouterr().out)["mean"], 4) == 53.5109


def test_demo_explains_a_failure(capsys):
    """A column that is not there ends with the reason of the hospitals on stderr, and nothing on stdout."""
    assert _cli.main(["demo", "--json", "--column", "shoe_size"]) == 1

    shown = capsys.readouterr()
    assert shown.out == ""
    assert "no column 'shoe_size'" in shown.err


def test_ctrl_c_ends_a_run_without_a_traceback(tmp_path, capsys):
    """The exit status is the one that shells know."""
    (tmp_path / "endless.py").write_text("def endless(df):\n    raise KeyboardInterrupt\n")
    (tmp_path / "data.csv").write_text("age\n63\n")

    command = ["run", str(tmp_path / "endless.py"), "--method", "endless", "--data", str(tmp_path / "data.csv")]

    assert _cli.main(command) == 130
    assert capsys.readouterr().err == "v6mock: stopped\n"


def test_a_seed_with_a_mistake_is_explained(tmp_path, capsys):
    """The message names file, line and key."""
    seed = tmp_path / "world.yaml"
    seed.write_text("organizations:\n  - name: North\n    users:\n      - username: nora\n")

    assert _cli.main(["serve", "--seed", str(seed)]) == 1

    assert f"{seed}, line 4: organizations[0].users[0].password" in capsys.readouterr().err


def test_a_server_that_has_ended_leaves_the_signals_alone(capsys):
    """Whoever called the command from Python can be interrupted as before."""
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)

    assert _cli.main(["serve", "--seed", "nowhere.yaml"]) == 1

    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_serves_until_told_to_stop(number):
    """It prints address and credentials, answers, and ends cleanly."""
    with subprocess.Popen([*COMMAND, "serve"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        url = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline()).group()
        version = requests.get(f"{url}/api/version", timeout=5).json()
        process.send_signal(number)
        shown, complaints = process.stdout.read(), process.stderr.read()

    assert version == {"version": "4.15.2"}
    assert "user researcher, password" in shown
    assert complaints == ""
    assert process.returncode == 0


@pytest.mark.slow
def test_serve_behaves_as_the_version_that_is_wanted():
    """Here as the oldest."""
    command = [*COMMAND, "serve", "--server-version", "4.0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        url = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline()).group()
        version = requests.get(f"{url}/api/version", timeout=5).json()
        process.terminate()

    assert version == {"version": "4.0.3"}


def test_serve_takes_the_version_of_a_dump_from_the_dump(tmp_path, capsys):
    """Asking for one beside it is explained, and serves nothing."""
    file = tmp_path / "dump.json"
    file.write_text("{}")

    assert _cli.main(["serve", "--load", str(file), "--server-version", "4.0"]) == 1
    assert "leave out --server-version 4.0" in capsys.readouterr().err


@pytest.mark.slow
def test_command_without_a_subcommand_shows_what_there_is():
    """The usage names the subcommands."""
    ended = subprocess.run(COMMAND, capture_output=True, text=True, check=False)

    assert ended.returncode == 2
    assert "{demo,serve,run,dump}" in ended.stderr


@pytest.mark.parametrize("port", ["99999", "-1", "http"])
def test_a_bad_port_is_explained(port, capsys):
    """The message says what a port is."""
    with pytest.raises(SystemExit):
        _cli.main(["serve", f"--port={port}"])

    assert f"{port!r} is not a port" in capsys.readouterr().err


def test_a_taken_port_is_explained(capsys):
    """There is no traceback."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert _cli.main(["serve", "--port", str(taken.getsockname()[1])]) == 1

    assert "v6mock: " in capsys.readouterr().err


@pytest.fixture
def served():
    """Serve a world in a process of its own, and return where."""
    processes = []

    def serve(*options):
        process = subprocess.Popen([*COMMAND, "serve", *options], stdout=subprocess.PIPE, text=True)
        processes.append(process)
        return re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline()).group()

    yield serve
    for process in processes:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


@pytest.mark.slow
def test_a_served_world_is_dumped_and_served_again(served, tmp_path, capsys):
    """What one command prints, another one serves."""
    first = served("--control")
    status = _cli.main(["dump", first])
    file = tmp_path / "world.json"
    file.write_text(capsys.readouterr().out)

    second = served("--load", str(file), "--control")

    assert status == 0
    assert requests.get(f"{second}/v6mock/dump", timeout=10).json() == json.loads(file.read_text())


def test_a_dump_is_ascii(capsys):
    """Whatever encoding a console or a file has, it can be printed, and read again."""
    with MockServer({"organizations": [{"name": "Ærø"}]}).start(control=True) as server:
        status = _cli.main(["dump", server.url])
    dump = capsys.readouterr().out

    assert status == 0
    assert dump.isascii()
    assert json.loads(dump)["tables"]["organization"][1]["name"] == "Ærø"


def test_a_world_without_control_is_not_dumped(capsys):
    """The message says how to get one."""
    with MockServer() as server:
        status = _cli.main(["dump", server.url])

    assert status == 1
    assert "serve it with --control" in capsys.readouterr().err


def test_a_world_that_is_not_served_is_not_dumped(capsys):
    """The message is about the server, not about what asks it."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        status = _cli.main(["dump", url])

    assert status == 1
    assert capsys.readouterr().err == f"v6mock: nobody answers at {url}; `v6mock serve --control` tells where it is\n"


def test_a_file_that_is_no_dump(tmp_path, capsys):
    """It is named."""
    file = tmp_path / "world.json"
    file.write_text("{")

    assert _cli.main(["serve", "--load", str(file)]) == 1
    assert f"{file} is not JSON" in capsys.readouterr().err
