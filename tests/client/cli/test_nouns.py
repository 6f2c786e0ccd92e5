"""Lists and views of the server's nouns, as tables and as JSON."""

from __future__ import annotations

import inspect
import json

import pytest
from click.testing import CliRunner

from v6client import UserClient
from v6client._cli.nouns import COLUMNS, KINDS, NO_OPTIONS
from v6client._cli.root import root

pytestmark = pytest.mark.usefixtures("login")


@pytest.mark.parametrize("noun", [noun for noun in COLUMNS if noun not in {"task", "run", "rule", "study", "store"}])
def test_a_list_is_a_table(call, answer, noun):
    """A heading, and a line for each row; as JSON it has everything."""
    status, table, _ = call(noun, "list")
    rows = answer(noun, "list")

    assert status == 0
    assert table.split("\n")[0].split() == [column.removesuffix(".name") for column in COLUMNS[noun]]
    assert len(table.splitlines()) == len(rows) + 1
    assert rows[0].keys() >= {column.partition(".")[0] for column in COLUMNS[noun]}


@pytest.mark.parametrize("noun", ["task", "run", "study", "store"])
def test_a_list_of_nothing(call, answer, noun):
    """It has its heading, and is a list for programs all the same."""
    assert call(noun, "list")[1].split() == [column.removesuffix(".name") for column in COLUMNS[noun]]
    assert answer(noun, "list") == []


def test_a_list_is_whole(answer):
    """However many pages it has; with a limit no more are asked for."""
    assert len(answer("rule", "list")) == 86
    assert len(answer("rule", "list", "--limit=3")) == 3


def test_a_list_is_filtered(answer):
    """The filters of the client's method are options."""
    assert [row["name"] for row in answer("organization", "list", "--name=C%")] == ["Cleveland"]
    assert [row["name"] for row in answer("node", "list", "--is-online=false")] == []
    assert [row["name"] for row in answer("collaboration", "list", "--encrypted=true")] == ["Secret"]


def test_options_come_before_the_subcommand_as_well(call):
    """It means the same."""
    assert call("--json", "organization", "list") == call("organization", "list", "--json")


def test_one_row(call, answer):
    """By its id, with everything in it."""
    (row,) = answer("organization", "list", "--name=Budapest")

    assert answer("organization", "get", row["id"]) == row
    shown = call("organization", "get", row["id"])[1].splitlines()
    assert [line.split() for line in shown[:2]] == [["id", str(row["id"])], ["name", "Budapest"]]


def test_ones_own_row(answer):
    """Where the client has one."""
    assert answer("organization", "get")["name"] == "Cleveland"
    assert answer("user", "get")["username"] == "researcher"


@pytest.mark.parametrize("noun", COLUMNS)
@pytest.mark.parametrize("method", ["iter", "get"])
def test_every_filter_is_an_option(noun, method):
    """No parameter of the client is of a kind that the command line does not know."""
    parameters = list(inspect.signature(getattr(getattr(UserClient, noun.capitalize()), method)).parameters.values())[
        1:
    ]

    unknown = {one.name for one in parameters if str(one.annotation).removesuffix(" | None") not in KINDS}
    assert unknown - NO_OPTIONS == set()


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["organization", "get", "99"], 1, "GET organization/99 was refused with status 404"),
        (["user", "get", "1"], 1, "user VIEW GLOBAL. Rules that allow this, given a wide enough scope: user VIEW"),
        (["organization", "list", "--name=\udcff"], 2, "cannot be sent with a text that is none"),
        (["organization", "list", "--nmae=x"], 2, "No such option"),
        (["organization", "get", "x"], 2, "'x' is not a valid integer"),
        (["organization", "delete", "1"], 2, "No such command 'delete'"),
        (["organisation", "list"], 2, "No such command 'organisation'"),
        (["node", "get"], 2, "Missing argument 'ID'"),
        (["collaboration", "list", "--scope=mine"], 2, "'mine'"),
        (["--profile=other", "node", "list"], 2, "no profile 'other'; it has default"),
    ],
)
def test_what_goes_wrong(call, arguments, status, message):
    """One line on stderr says it, and the exit status says whose fault it is."""
    ended, stdout, stderr = call(*arguments)

    assert (ended, stdout) == (status, "")
    assert stderr.startswith("v6client: ")
    assert stderr.count("\n") == 1
    assert message in stderr


def test_what_is_written_on_a_server_does_not_command_the_terminal(server, call):
    """Control characters are replaced, and markup is text."""
    root = server.client("root")
    root.organization.update(2, name="\x1b[31mRed\x1b[0m [bold]x[/bold]")

    shown = call("organization", "list")[1]
    server.faults.on(path="/organization/2").answer(404, body={"msg": "\x1b[31mnone"})
    said = call("organization", "get", 2)[2]

    assert "\x1b" not in shown + said
    assert "[bold]x[/bold]" in shown
    assert "none" in said


@pytest.mark.parametrize("charset", ["ascii", "cp1252", "utf-8"])
def test_letters_that_a_file_does_not_take(server, charset):
    """They are shown by their numbers, and JSON is JSON."""
    name = "Žofín ☃ 😀"
    server.client("root").organization.update(2, name=name)
    runner = CliRunner(charset=charset)

    table = runner.invoke(root, ["organization", "list"])
    rows = runner.invoke(root, ["organization", "list", "--json"])

    assert (table.exit_code, rows.exit_code) == (0, 0)
    assert name.encode(charset, "backslashreplace") in table.stdout_bytes
    assert json.loads(rows.stdout)[0]["name"] == name


def test_verbose_on_both_sides_tells_each_request_once(call):
    """Options may stand before and behind the subcommand."""
    status, _, stderr = call("--verbose", "organization", "list", "--verbose")

    told = stderr.splitlines()
    assert (status, len(told)) == (0, len(set(told)))


def test_verbose_tells_each_request(call):
    """On stderr, with nothing secret in it."""
    status, stdout, stderr = call("organization", "list", "--verbose")

    assert status == 0
    assert "GET http://127.0.0.1" in stderr
    assert "Cleveland" in stdout
    assert call("organization", "list")[2] == ""
