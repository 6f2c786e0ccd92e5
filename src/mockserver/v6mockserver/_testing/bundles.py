"""
Bundles: all that is known of a failure, in a folder, and what runs the same test in the same way again.
"""

from __future__ import annotations

import json
import platform
import re
from importlib import metadata
from typing import TYPE_CHECKING, Any

from v6mockserver._errors import MockUsageError

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from v6mockserver._federation import Federation
    from v6mockserver._journal import Exchange

FORMAT = 1
FILE = "bundle.json"
REPLAYED = ("v6_version", "v6_adversarial", "v6_seed", "randomly_seed")
"""The options of pytest that say how a test runs, as far as it has them."""

PACKAGES = ("v6client", "pytest", "requests", "cryptography", "flask", "pandas")
LONGEST_NAME = 100


def write(folder: Path, item: pytest.Item, error: str, federation: Federation | None) -> Path:
    """
    Write the bundle of a test that has failed.

    Parameters
    ----------
    folder : Path
        Where bundles go; each has a folder of its own there.
    item : pytest.Item
        The test.
    error : str
        How it failed.
    federation : Federation, optional
        Its federation, if it has one.

    Returns
    -------
    Path
        The folder of the bundle.
    """
    own = folder / re.sub(r"[^\w.-]+", "-", item.nodeid).strip("-")[-LONGEST_NAME:]
    own.mkdir(parents=True, exist_ok=True)
    options = {name: item.config.getoption(name, None) for name in REPLAYED}
    adversary = None if federation is None else federation.server.adversary
    if adversary is not None:
        options |= {"v6_adversarial": True, "v6_seed": adversary.seed}
    about = {"format": FORMAT, "test": item.nodeid, "options": options, "versions": _versions(federation)}
    _write(own / FILE, about)
    (own / "error.txt").write_text(error, encoding="utf-8")
    if federation is not None:
        _write(own / "dump.json", federation.server.dump())
        _write(own / "journal.json", [_exchange(one) for one in federation.server.journal])
    return own


def _write(file: Path, content: Any) -> None:
    file.write_text(json.dumps(content, indent=1, default=str), encoding="utf-8")


def _versions(federation: Federation | None) -> dict[str, str]:
    versions = {"python": platform.python_version(), "platform": platform.platform()}
    for installed in metadata.distributions():
        if (name := installed.name.lower()) in PACKAGES:
            versions[name] = installed.version
    return versions if federation is None else {**versions, "server": federation.server.version}


def _exchange(one: Exchange) -> dict[str, Any]:
    return {
        "number": one.number,
        "at": one.at.isoformat(),
        "caller": str(one.caller or "nobody"),
        "request": one.request,
        "body": one.body,
        "status": one.status,
        "fault": one.fault,
        "answer": one.answer,
    }


def read(path: Path) -> dict[str, Any]:
    """
    Return what a bundle says: the test, and how it ran.

    Raises
    ------
    MockUsageError
        If there is no bundle.
    """
    file = path / FILE if path.is_dir() else path
    try:
        about = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise MockUsageError(f"--v6-replay={path}: there is no bundle ({error}); --v6-bundle writes one") from None
    known: dict[str, Any] = about if isinstance(about, dict) else {}
    if known.get("format") != FORMAT:
        raise MockUsageError(f"--v6-replay={path}: its format is {known.get('format')!r}, and {FORMAT} is what is read")
    return known
