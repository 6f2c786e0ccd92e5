"""
Lists and views of the server's nouns: one table, and the methods of the client.

The options of a list are the filters of the client's method, so that a filter that comes there is here as well.
"""

from __future__ import annotations

import inspect
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from v6client import _tables
from v6client._cli.choices import common_options
from v6client._cli.output import show_row, show_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

# What a client's method takes to choose columns, which is what tables and programs do for themselves.
NO_OPTIONS = frozenset({"id_", "field", "fields"})

KINDS: Mapping[str, Mapping[str, Any]] = {
    "int": {"type": int},
    "str": {"type": str},
    "bool": {"type": bool},
    "Range": {"type": (str, str), "metavar": "FROM TILL"},
}
"""How a parameter is given on the command line, by its type."""

NAMES = {"algorithmstore": "store"}
"""Nouns that the client calls otherwise than the server."""

COLUMNS: Mapping[str, Sequence[str]] = {NAMES.get(noun, noun): columns for noun, columns in _tables.COLUMNS.items()}
"""What a table shows of each noun: what the tables of the client show."""

WITH_KEY = frozenset({"run"})
"""Nouns of which a part is decrypted: the input of a run."""

PLURALS = {"study": "studies"}
"""Of nouns that take more than an s."""


class NounGroup(click.Group):
    """
    The calls about one noun: `list` and `get`, which are made of the client's methods when they are called.

    Parameters
    ----------
    noun
        The noun.
    others
        Other commands, by name.
    """

    def __init__(self, noun: str, others: Mapping[str, click.Command] | None = None) -> None:
        super().__init__(noun, help=f"List and view {_plural(noun)}.", params=common_options())
        self.noun = noun
        self.others = others or {}

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 -- click's own
        """
        The names of the commands.
        """
        return ["list", "get", *self.others]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 -- click's own
        """
        Make or find a command.
        """
        makers = {"list": _list_command, "get": _get_command}
        return makers[cmd_name](self.noun) if cmd_name in makers else self.others.get(cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 -- click's own
        """
        Write the commands into the help, without making them.
        """
        own = [("list", f"List {_plural(self.noun)}."), ("get", f"View one {self.noun}.")]
        with formatter.section("Commands"):
            formatter.write_dl([*own, *((name, command.help or "") for name, command in self.others.items())])


def _list_command(noun: str) -> click.Command:
    method = _method(noun, "iter")
    limit = click.Option(["--limit"], type=click.IntRange(1), metavar="N", help="No more than so many.")

    def run(limit: int | None, **filters: Any) -> None:
        from v6client._cli.session import connected

        with connected(with_key=noun in WITH_KEY) as client:
            rows = getattr(client, noun).iter(**_given(filters))
            show_rows(islice(rows, limit), COLUMNS[noun])

    return click.Command(
        "list",
        callback=run,
        params=[*_options(method, _method(noun, "list")), limit, *common_options()],
        help=f"List {_plural(noun)}.",
    )


def _get_command(noun: str) -> click.Command:
    method = _method(noun, "get")
    parameter = inspect.signature(method).parameters["id_"]
    id_ = click.Argument(["id_"], type=int, metavar="ID", required=parameter.default is parameter.empty)
    whose = "" if id_.required else ", or your own"

    def run(id_: int | None, **others: Any) -> None:
        from v6client._cli.session import connected

        with connected(with_key=noun in WITH_KEY) as client:
            show_row(getattr(client, noun).get(**_given({"id_": id_, **others})))

    params = [id_, *_options(method, method), *common_options()]
    return click.Command("get", callback=run, params=params, help=f"View one {noun}{whose}.")


def _method(noun: str, name: str) -> Callable[..., Any]:
    from v6client._client import UserClient

    method: Callable[..., Any] = getattr(getattr(UserClient, noun.capitalize()), name)
    return method


def _options(method: Callable[..., Any], described_by: Callable[..., Any]) -> list[click.Parameter]:
    parameters = list(inspect.signature(method).parameters.values())[1:]
    kinds = {one.name: KINDS.get(str(one.annotation).removesuffix(" | None")) for one in parameters}
    descriptions = _descriptions(described_by)
    return [
        click.Option([f"--{name.replace('_', '-')}"], help=descriptions.get(name), **kind)
        for name, kind in kinds.items()
        if kind is not None and name not in NO_OPTIONS
    ]


def _descriptions(method: Callable[..., Any]) -> dict[str, str]:
    """
    What the docstring of a method says of its parameters.
    """
    _, _, section = (inspect.getdoc(method) or "").partition("Parameters\n----------\n")
    descriptions: dict[str, str] = {}
    names: list[str] = []
    for line in section.splitlines():
        if line.startswith("    "):
            descriptions |= {name: f"{descriptions.get(name, '')} {line.strip()}".strip() for name in names}
        else:
            names = line.split(", ")
    return descriptions


def _plural(noun: str) -> str:
    return PLURALS.get(noun, f"{noun}s")


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


COMMANDS: dict[str, click.Command] = {noun: NounGroup(noun) for noun in COLUMNS}
