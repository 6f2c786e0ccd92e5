"""
The options of every subcommand.
"""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class Choices:
    """
    What was chosen for all of a command.

    Attributes
    ----------
    profile
        The profile to use, None for the usual one.
    as_json
        Whether answers are JSON for programs, instead of tables for people.
    verbose
        Whether each request is told on stderr.
    """

    profile: str | None = None
    as_json: bool = False
    verbose: bool = False


def chosen() -> Choices:
    """
    The choices of the command that runs.
    """
    return click.get_current_context().ensure_object(Choices)


def _keep(name: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def keep(context: click.Context, parameter: click.Parameter, value: Any) -> None:  # noqa: ARG001 -- click's own
        choices = context.ensure_object(Choices)
        if value:  # an option is the same before and after the subcommand; where it is not given it takes nothing back
            setattr(choices, name, value)

    return keep


def _log(context: click.Context, parameter: click.Parameter, value: bool) -> None:  # noqa: ARG001, FBT001 -- click's own
    choices = context.ensure_object(Choices)
    if value and not choices.verbose:  # before and behind the subcommand it is still told once
        choices.verbose = True
        logger, handler = logging.getLogger("v6client"), logging.StreamHandler(sys.stderr)
        logger.addHandler(handler)
        context.call_on_close(lambda: logger.removeHandler(handler))


def common_options() -> list[click.Parameter]:
    """
    Options that every subcommand has, and the command itself in front of it.
    """
    return [
        click.Option(["--profile"], metavar="NAME", expose_value=False, callback=_keep("profile"), help="The profile."),
        click.Option(
            ["--json"],
            is_flag=True,
            expose_value=False,
            callback=_keep("as_json"),
            help="Answer in JSON, for programs.",
        ),
        click.Option(
            ["--verbose"], is_flag=True, expose_value=False, callback=_log, help="Tell each request on stderr."
        ),
    ]
