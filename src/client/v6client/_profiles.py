"""
Profiles: how to reach a server, and as whom, from a file, the environment, and arguments.

A setting is taken from the first place that has it: an argument, the environment variable `V6CLIENT_` with its name,
the profile in the file, its default. `SETTINGS` lists them all.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import NoneType
from typing import Any

from v6client._arguments import FILE, expect, shown
from v6client.exceptions import UsageError
from v6client.utils import LogLevel

PREFIX = "V6CLIENT_"
DEFAULT_NAME = "default"
HIGHEST_PORT = 65535
HIDDEN = "(not shown)"

OTHERS = 0o077
"""The bits of a file's mode that let others than its owner at it."""


def _text(raw: object) -> str:
    if not isinstance(raw, str) or not raw:
        raise ValueError
    return raw


def _address(raw: object) -> str:
    if not _text(raw).startswith(("http://", "https://")):
        raise ValueError
    return _text(raw)


def _whole(raw: object, *, highest: float = float("inf")) -> int:
    number = int(raw) if isinstance(raw, str) else raw
    if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= highest:
        raise ValueError
    return number


def _one_of(raw: object, *, choices: Mapping[str, Any]) -> Any:
    text = str(raw).lower()  # true and false of TOML included
    if text not in choices:
        raise ValueError
    return choices[text]


_switch = partial(_one_of, choices={"true": True, "false": False})


def _path(raw: object) -> str:
    return str(Path(_text(raw)).expanduser())


def _verification(raw: object) -> bool | str:
    try:
        return bool(_switch(raw))
    except ValueError:
        return _path(raw)


def _certificate(raw: object) -> str | tuple[str, str]:
    files = [_path(one) for one in _listed(raw)]
    if len(files) == 1:
        return files[0]
    certificate, key = files
    return certificate, key


def _seconds(raw: object) -> float | tuple[float, float]:
    numbers = [float(one) for one in _listed(raw)]
    if not min(numbers) > 0:  # not a number is not, either
        raise ValueError
    if len(numbers) == 1:
        return numbers[0]
    connection, answer = numbers
    return connection, answer


def _listed(raw: object) -> list[Any]:
    """
    A list as TOML has it, or as an environment variable does: with commas.
    """
    if isinstance(raw, str):
        return raw.split(",")
    return list(raw) if isinstance(raw, list) else [raw]


def _proxies(raw: object) -> dict[str, str]:
    if isinstance(raw, Mapping):
        return {_text(scheme): _address(proxy) for scheme, proxy in raw.items()}
    return dict.fromkeys(("http", "https"), _address(raw))


@dataclass(frozen=True)
class Setting:
    """
    One thing that a profile can say.

    Attributes
    ----------
    read
        Makes a value of what a file or the environment has; a ValueError or TypeError if it cannot be one.
    expected
        What it has to be, in words.
    default
        What it is where nobody says; None where the client goes without.
    secret
        Whether it is never shown.
    files
        Whether it names files.
    """

    read: Callable[[object], Any]
    expected: str
    default: Any = None
    secret: bool = False
    files: bool = False


SETTINGS: Mapping[str, Setting] = {
    "host": Setting(_address, "an address that starts with http:// or https://"),
    "port": Setting(partial(_whole, highest=HIGHEST_PORT), f"a whole number from 1 to {HIGHEST_PORT}"),
    "path": Setting(_text, "the path of the API", "/api"),
    "username": Setting(_text, "the name of a user"),
    "password": Setting(_text, "a password", secret=True),
    "otp_secret": Setting(_text, "the secret of an authenticator app", secret=True),
    "private_key": Setting(_path, "the path of a file", files=True),
    "private_key_password": Setting(_text, "what opens the file with the private key", secret=True),
    "collaboration": Setting(_whole, "the id of a collaboration, a whole number"),
    "verify": Setting(_verification, "true, false, or the path of a file with certificates", files=True),
    "cert": Setting(_certificate, "the path of a certificate, or two: of it and of its key", files=True),
    "proxies": Setting(_proxies, 'an address, or a table such as {https = "http://proxy.example:3128"}'),
    "timeout": Setting(_seconds, "seconds, or two numbers of them: for a connection and for an answer", (5.0, 60.0)),
    "log_level": Setting(
        partial(_one_of, choices={level.value: level.value for level in LogLevel}),
        f"one of {', '.join(level.value for level in LogLevel)}",
        LogLevel.DEBUG.value,
    ),
    "errors": Setting(partial(_one_of, choices={"raise": "raise", "return": "return"}), "raise or return", "raise"),
    "progress": Setting(_switch, "true or false", default=True),
}

CONSTRUCTOR = ("port", "path", "verify", "cert", "proxies", "timeout", "log_level", "errors", "progress")
"""What the constructor of a client takes beside the host."""


@dataclass(frozen=True)
class Profile:
    """
    The settings of a client, and where each of them comes from; to be printed, as secrets are not shown.

    Attributes
    ----------
    name
        Its name in the file.
    file
        The file, whether it exists or not.
    settings
        The value of each setting that has one.
    sources
        Where that is from: an argument, an environment variable, the file, or its default.
    """

    name: str
    file: Path
    settings: Mapping[str, Any] = field(repr=False)
    sources: Mapping[str, str] = field(repr=False)

    def __getitem__(self, name: str) -> Any:
        return self.settings[name]

    def get(self, name: str) -> Any:
        """
        The value of a setting, None if it has none.
        """
        return self.settings.get(name)

    def need(self, name: str) -> Any:
        """
        The value of a setting that nothing works without.

        Raises
        ------
        UsageError
            It has none.
        """
        if name not in self.settings:
            raise UsageError(
                f"nobody says what {name} is: give it as an argument, set {PREFIX}{name.upper()}, or write it into "
                f"the profile [{self.name}] of {self.file}, as `v6client login` does"
            )
        return self.settings[name]

    def only(self, names: Iterable[str]) -> dict[str, Any]:
        """
        The values of these settings, as far as they have any.
        """
        return {name: self.settings[name] for name in names if name in self.settings}

    def rows(self) -> list[tuple[str, str, str]]:
        """
        Name, value as it may be shown, and source of each setting.
        """
        return [
            (name, HIDDEN if SETTINGS[name].secret else _shown(value), self.sources[name])
            for name, value in self.settings.items()
        ]

    def __str__(self) -> str:
        rows = self.rows()
        widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
        lines = [f"  {name:{widths[0]}}  {value:{widths[1]}}  {source}" for name, value, source in rows]
        return "\n".join([f"profile {self.name!r}", *lines])


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        value = {scheme: _without_credentials(str(address)) for scheme, address in value.items()}
    return _without_credentials(value) if isinstance(value, str) else str(value)


def _without_credentials(address: str) -> str:
    """
    An address without the name and password that it may contain, as those of proxies do.
    """
    return re.sub(r"(?<=://)[^/@]*@", "...@", address)


def resolve(
    name: str | None, file: str | os.PathLike[str] | None, given: Mapping[str, Any], *, new: bool = False
) -> Profile:
    """
    The settings of a profile.

    Parameters
    ----------
    name
        Which one; by default what `V6CLIENT_PROFILE` says, or `default`.
    file
        Where it is; by default what `V6CLIENT_CONFIG` says, or the user's configuration folder.
    given
        Arguments, which win; those that are None were not given.
    new
        Whether the profile may be one that is not in the file yet.

    Raises
    ------
    UsageError
        There is no such profile, or a setting cannot be what it is.
    """
    wanted = name or os.environ.get(f"{PREFIX}PROFILE")
    profiles = read_profiles(file, needed=bool(wanted) and not new, new=new)
    found = profiles.settings(wanted or DEFAULT_NAME, needed=bool(wanted) and not new)
    settings: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for key, setting in SETTINGS.items():
        variable = f"{PREFIX}{key.upper()}"
        if given.get(key) is not None:
            value, source = given[key], "argument"
        elif text := os.environ.get(variable):  # one that is empty counts as not set
            value, source = _read(setting, text, variable), f"environment variable {variable}"
        elif key in found:
            value, source = found[key], f"{profiles.file}, [{wanted or DEFAULT_NAME}]"
        elif setting.default is not None:
            value, source = setting.default, "default"
        else:
            continue
        settings[key], sources[key] = value, source
    return Profile(wanted or DEFAULT_NAME, profiles.file, settings, sources)


def _read(setting: Setting, raw: object, what: str) -> Any:
    try:
        return setting.read(raw)
    except (ValueError, TypeError) as error:
        value = "what is there" if setting.secret else shown(raw)
        raise UsageError(f"{what} is {setting.expected}, not {value}") from error


def read_profiles(
    file: str | os.PathLike[str] | None = None, *, needed: bool = False, new: bool = False
) -> ProfileFile:
    """
    Read the file with profiles.

    Parameters
    ----------
    file
        Where it is, as in `resolve`.
    needed
        Whether it has to exist; one that somebody named has to as well.
    new
        Whether it need not, because it is about to be written.
    """
    expect(file, (*FILE, NoneType), "config", "the path of a file with profiles")
    place = file or os.environ.get(f"{PREFIX}CONFIG")
    if place:
        return ProfileFile.read(Path(place).expanduser(), needed=not new)
    from platformdirs import user_config_path

    return ProfileFile.read(user_config_path("v6client") / "config.toml", needed=needed)


@dataclass(frozen=True)
class ProfileFile:
    """
    A file with profiles: in TOML, a table for each.

    Attributes
    ----------
    file
        Where it is.
    text
        What is in it.
    tables
        The same, read.
    """

    file: Path
    text: str
    tables: Mapping[str, Any]

    @classmethod
    def read(cls, file: Path, *, needed: bool) -> ProfileFile:
        """
        Read a file; one that is not needed may be missing.
        """
        if not needed and not file.exists():
            return cls(file, "", {})
        import tomlkit
        from tomlkit.exceptions import TOMLKitError

        try:
            text = file.read_text(encoding="utf-8")
            tables = tomlkit.parse(text).unwrap()
        except OSError as error:
            raise UsageError(
                f"the profiles in {file} cannot be read ({error.strerror}): `v6client login` writes one"
            ) from error
        except (TOMLKitError, UnicodeDecodeError) as error:
            raise UsageError(f"{file} is not in TOML: {error}") from error
        for name, table in tables.items():
            if not isinstance(table, Mapping):
                raise UsageError(f"{file}: settings such as {name} stand below the name of a profile, [{DEFAULT_NAME}]")
        return cls(file, text, tables)

    def settings(self, name: str, *, needed: bool) -> dict[str, Any]:
        """
        What a profile says; nothing if it is missing and not needed.
        """
        if needed and name not in self.tables:
            known = ", ".join(self.tables) or "none"
            raise UsageError(f"{self.file} has no profile {name!r}; it has {known}")
        found = {key: self._setting(name, key, raw) for key, raw in self.tables.get(name, {}).items()}
        self._protect({key for key in found if SETTINGS[key].secret})
        return found

    def _setting(self, name: str, key: str, raw: object) -> Any:
        if key not in SETTINGS:
            from difflib import get_close_matches

            similar = get_close_matches(key, SETTINGS, n=1)
            advice = f"did you mean {similar[0]}?" if similar else f"there are {', '.join(SETTINGS)}"
            raise UsageError(f"{self._where(name, key)}: there is no setting {key}; {advice}")
        value = _read(SETTINGS[key], raw, f"{self._where(name, key)}: {key}")
        return self._beside(value) if SETTINGS[key].files else value

    def _beside(self, value: Any) -> Any:
        """
        The same files, found from where the profile is and not from where the program runs.
        """
        if isinstance(value, tuple):
            return tuple(self._beside(one) for one in value)
        return value if isinstance(value, bool) else str(self.file.parent / value)

    def _where(self, name: str, key: str) -> str:
        line = self._line(name, key)
        return f"{self.file}, [{name}]" if line is None else f"{self.file}, line {line}, [{name}]"

    def _line(self, name: str, key: str) -> int | None:
        """
        The line of a key, which TOML libraries do not tell; None where it is written in an unusual way.
        """
        table = ""
        for number, line in enumerate(self.text.splitlines(), 1):
            if heading := re.match(r"\s*\[([^\[\]]+)\]", line):
                table = heading[1].strip(" \"'")
            elif table == name and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line):
                return number
        return None

    def _protect(self, secrets: set[str]) -> None:
        # Windows has no such bits, and keeps a user's folder from other users.
        if secrets and os.name == "posix" and self.file.stat().st_mode & OTHERS:
            raise UsageError(
                f"{self.file} has {' and '.join(sorted(secrets))} in it and others can read it: take that out (a "
                f"keyring is a better place), or run: chmod 600 '{self.file}'"
            )
