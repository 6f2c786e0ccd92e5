"""
Logging in and out.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from v6client._arguments import shown
from v6client._cli.choices import chosen, common_options
from v6client._cli.output import show_row
from v6client._profiles import SETTINGS, ProfileFile, resolve
from v6client.exceptions import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from v6client._profiles import Profile

KEPT = ("host", "port", "path", "username", "private_key", "collaboration", "verify", "cert", "proxies", "timeout")
"""The settings that a login takes as options, and writes into the profile."""

ASKED = {"host": "Address of the server, such as https://server.example", "username": "Username"}
"""The settings without which nobody can log in, and how to ask for them."""

NOBODY = "the {} is not given, and nobody is at a terminal to ask; see: v6client login --help"


def _reader(name: str) -> Callable[..., Any]:
    """
    What makes a value of a setting of what was typed.
    """
    setting = SETTINGS[name]

    def read(context: click.Context, parameter: click.Parameter, text: str | None) -> Any:
        if text is None:
            return None
        try:
            value = setting.read(text)
        except (ValueError, TypeError) as error:
            raise click.BadParameter(f"{shown(text)} is not {setting.expected}", context, parameter) from error
        return _absolute(value) if setting.files else value

    return read


def _absolute(files: Any) -> Any:
    """
    The same files, to be found from wherever the next command is run.
    """
    if isinstance(files, tuple):
        return tuple(_absolute(file) for file in files)
    return files if isinstance(files, bool) else str(Path(files).absolute())


def _help(name: str) -> str:
    return f"{SETTINGS[name].expected[0].upper()}{SETTINGS[name].expected[1:]}."


def _login(*, password_stdin: bool, save_password: bool, **given: Any) -> None:
    from v6client import _login as logins
    from v6client._cli import session

    if save_password:
        logins.require_keyring()
    kept = {name: value for name, value in given.items() if value is not None}
    known = resolve(chosen().profile, None, kept, new=True)
    kept |= {name: _asked(name, question) for name, question in ASKED.items() if name not in known.settings}
    secret = {"password": sys.stdin.readline().rstrip("\r\n")} if password_stdin else {}
    profile = resolve(chosen().profile, None, {**kept, **secret}, new=True)
    password = profile.get("password") or logins.ask(f"Password of {profile['username']}: ", NOBODY.format("password"))
    with session.client_of(profile) as client:
        logins.log_in_as_in_profile(client, profile, password=password)
        logins.set_up_encryption_as_in_profile(client, profile)
        if kept:
            _keep(profile, kept)
        session.save(client, profile)
        if save_password:
            logins.into_keyring(client.base_path, profile["username"], password)
        me = client.whoami
        show_row(
            {
                "profile": profile.name,
                "file": str(profile.file),
                "server": client.base_path,
                "username": profile["username"],
                "organization": me and me.organization_name,
            }
        )


def _asked(name: str, question: str) -> Any:
    from v6client import _login as logins

    if not logins.somebody_is_there():
        raise UsageError(NOBODY.format(name))
    # On stderr, as the password is asked for: stdout is for the answer.
    return click.prompt(question, prompt_suffix=": ", err=True, value_proc=partial(_reader(name), None, None))


def _keep(profile: Profile, values: Mapping[str, Any]) -> None:
    """
    Write settings into the profile, and leave what else is in its file as it is.
    """
    import tomlkit

    from v6client._cli.session import write_privately

    read = ProfileFile.read(profile.file, needed=False)
    document = tomlkit.parse(read.text)
    table = document.setdefault(profile.name, tomlkit.table())
    for name, value in values.items():
        table[name] = list(value) if isinstance(value, tuple) else value
    mode = profile.file.stat().st_mode & 0o777 if profile.file.exists() else 0o600
    write_privately(profile.file, tomlkit.dumps(document), mode)


def _logout() -> None:
    from v6client import _login as logins
    from v6client._cli import session

    profile = resolve(chosen().profile, None, {})
    with session.client_of(profile) as client:
        show_row(
            {
                "profile": profile.name,
                "session": "forgotten" if session.forget(profile) else "there was none",
                "password in keyring": (
                    "forgotten"
                    if logins.out_of_keyring(client.base_path, profile.need("username"))
                    else "there was none"
                ),
            }
        )


def _whoami() -> None:
    from v6client._cli.session import connected

    with connected() as client:
        user = client.user.get()
        shown = {key: user[key] for key in ("id", "username", "firstname", "lastname", "email", "organization")}
        show_row({**shown, "server": client.base_path, **client.util.get_server_version()})


COMMANDS: dict[str, click.Command] = {
    "login": click.Command(
        "login",
        callback=_login,
        params=[
            *(
                click.Option([f"--{name.replace('_', '-')}"], callback=_reader(name), metavar="VALUE", help=_help(name))
                for name in KEPT
            ),
            click.Option(["--password-stdin"], is_flag=True, help="Read the password from standard input."),
            click.Option(["--save-password"], is_flag=True, help="Keep the password in the keyring of this machine."),
            *common_options(),
        ],
        help="Log in, and keep the session for the commands that follow. What is not given is asked for; what is given "
        "is kept in the profile, but for the password.",
    ),
    "logout": click.Command(
        "logout", callback=_logout, params=common_options(), help="Forget the session, and the password in a keyring."
    ),
    "whoami": click.Command(
        "whoami", callback=_whoami, params=common_options(), help="Show who is logged in, and where."
    ),
}
