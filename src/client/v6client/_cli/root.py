"""
The command itself: which subcommands there are, and how it ends.

Subcommands are loaded when they are called, so that help and completion come at once.
"""

from __future__ import annotations

import importlib
import re
import sys
from typing import Any, NoReturn

import click

from v6client._cli.choices import common_options
from v6client._cli.output import take_all_letters
from v6client._login import SETUP
from v6client._tables import plain
from v6client.exceptions import (
    AuthenticationError,
    NoPrivateKeyError,
    SessionExpiredError,
    TaskFailedError,
    TaskTimeoutError,
    UsageError,
    V6ClientError,
)

FAILED, MISUSED, STOPPED = 1, 2, 130
"""Exit statuses: refused or failed; called in a wrong way; stopped with Ctrl-C, as shells count it."""

HELP: Any = getattr(click.exceptions, "NoArgsIsHelpError", ())
"""What is raised where a subcommand is missing: its message is the help. Before 8.2 click ended there by itself."""

COMMANDS = {
    "login": ("account", "Log in, and keep the session for the commands that follow."),
    "logout": ("account", "Forget the session, and the password in a keyring."),
    "whoami": ("account", "Show who is logged in, and where."),
    "profile": ("profile", "Show profiles, and where each setting comes from."),
    "task": ("task", "List, view, create, await, stop and delete tasks."),
    "result": ("task", "Show the results of a task."),
    "run": ("nouns", "List and view runs."),
    "collaboration": ("nouns", "List and view collaborations."),
    "study": ("nouns", "List and view studies."),
    "organization": ("nouns", "List and view organizations."),
    "node": ("nouns", "List and view nodes."),
    "user": ("nouns", "List and view users."),
    "role": ("nouns", "List and view roles."),
    "rule": ("nouns", "List and view rules."),
    "store": ("nouns", "List and view algorithm stores."),
}
"""Each subcommand: the module that has it under its name, and what it does."""


class Root(click.Group):
    """
    The group of all subcommands.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 -- click's own
        """
        The names of the subcommands.
        """
        return [*COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 -- click's own
        """
        Load a subcommand.
        """
        if cmd_name not in COMMANDS:
            return None
        module, _ = COMMANDS[cmd_name]
        commands: dict[str, click.Command] = importlib.import_module(f"v6client._cli.{module}").COMMANDS
        return commands[cmd_name]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 -- click's own
        """
        Write the subcommands into the help, without loading them.
        """
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])

    def main(self, *args: Any, **kwargs: Any) -> NoReturn:
        """
        Run, and end the program: what goes wrong is told in one line on stderr.
        """
        take_all_letters()
        try:
            status = super().main(*args, **{**kwargs, "standalone_mode": False})
        except (click.Abort, click.ClickException, V6ClientError, OSError) as error:
            message, status = _ending(error)
            click.echo(plain(message if isinstance(error, HELP) else f"v6client: {message}"), err=True)
        sys.exit(status if isinstance(status, int) else 0)


def _ending(error: Exception) -> tuple[str, int]:
    """
    What to say of an error, and the exit status.
    """
    if isinstance(error, click.Abort):
        return "stopped", STOPPED
    if isinstance(error, click.ClickException):
        return _of_click(error), error.exit_code
    if isinstance(error, SessionExpiredError):
        return "the session has ended; run: v6client login", FAILED
    if isinstance(error, AuthenticationError) and error.wants_setup:
        # Whichever command meets this has to show the secret: the server does not give it again.
        return f"{SETUP.format(**error.body)}\nThen run: v6client login", FAILED
    if isinstance(error, TaskFailedError | TaskTimeoutError):
        return str(error), FAILED  # one line for each run, and the end of its log
    line = re.sub(r"(?<![.!?])\n", ". ", str(error)).replace("\n", " ")
    if isinstance(error, NoPrivateKeyError):
        line += "; commands take it from the profile, into which `v6client login --private-key FILE` puts it"
    return line, MISUSED if type(error) is UsageError else FAILED


def _of_click(error: click.ClickException) -> str:
    message = error.format_message()
    context = getattr(error, "ctx", None)
    return message if context is None or isinstance(error, HELP) else f"{message} (see: {context.command_path} --help)"


root = Root(
    "v6client",
    params=common_options(),
    help="Talk to a vantage6 server.",
    epilog="Where the server is, and who you are, is in a profile: `v6client login` makes one.",
)
click.version_option(package_name="v6client", message="%(prog)s %(version)s")(root)
