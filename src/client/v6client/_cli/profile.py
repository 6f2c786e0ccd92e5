"""
What is in profiles.
"""

from __future__ import annotations

import click

from v6client._cli.choices import chosen, common_options
from v6client._cli.output import show_rows
from v6client._profiles import read_profiles, resolve


def _show() -> None:
    settings = resolve(chosen().profile, None, {}).rows()
    columns = ("setting", "value", "source")
    show_rows([dict(zip(columns, row, strict=True)) for row in settings], columns)


def _list() -> None:
    profiles = read_profiles()
    columns = ("profile", "host", "username")
    named = [{"profile": name, **table} for name, table in profiles.tables.items()]
    show_rows([{column: row.get(column) for column in columns} for row in named], columns)  # and no passwords


COMMANDS: dict[str, click.Command] = {
    "profile": click.Group(
        "profile",
        commands=[
            click.Command("list", callback=_list, params=common_options(), help="List the profiles in the file."),
            click.Command(
                "show", callback=_show, params=common_options(), help="Show one, and where each setting comes from."
            ),
        ],
        params=common_options(),
        help="Show profiles.",
    )
}
