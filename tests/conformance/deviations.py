"""
Where the mock knowingly differs from a real server.

Every row has its reason in `docs/fidelity.md`, under its name. A difference that no row explains fails the comparison,
and so does a row that explains nothing in a full one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .case import Case

BOTH, ONLY_4_15, ONLY_4_0 = ("4.0", "4.15"), ("4.15",), ("4.0",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """
    A known difference.

    Attributes
    ----------
    name : str
        What it is called in `docs/fidelity.md`.
    routes : str
        A pattern for the routes at which it occurs.
    lines : tuple of str
        Patterns for the differences that it explains.
    versions : tuple of str
        The versions of the real server that it is about.
    when : str
        A pattern for the cases, as a line, in which it may occur.
    surely : str
        A pattern for those of them in which it does, most of the time.
    """

    name: str
    routes: str
    lines: tuple[str, ...]
    versions: tuple[str, ...] = BOTH
    when: str = ""
    surely: str = ""

    def concerns(self, case: Case) -> bool:
        """
        Tell whether it may occur in a case.
        """
        return re.search(self.routes, case.route) is not None and re.search(self.when, case.line) is not None

    def is_met_by(self, case: Case) -> bool:
        """
        Tell whether it should occur in a case.
        """
        return self.concerns(case) and re.search(self.surely, case.line) is not None

    def explains(self, case: Case, line: str) -> bool:
        """
        Tell whether it explains one difference of a case.
        """
        return self.concerns(case) and any(re.match(pattern, line) for pattern in self.lines)


def of_version(version: str) -> list[Deviation]:
    """
    Return the rows about a version.
    """
    return [row for row in DEVIATIONS if version in row.versions]


def explained(version: str, case: Case, differences: Iterable[str]) -> Iterator[tuple[str, Deviation | None]]:
    """
    Yield each difference of a case with the row that explains it, or None.
    """
    rows = of_version(version)
    for line in differences:
        yield line, next((row for row in rows if row.explains(case, line)), None)


def unexplained(version: str, case: Case, differences: Iterable[str]) -> list[str]:
    """
    Return the differences of a case that no row explains.
    """
    return [line for line, row in explained(version, case, differences) if row is None]


ERRORS = r"body\.errors: real has no such key, mock"
PAGE = r"(body\.(data|links)|headers\.(link|total-count))\b"


def status(real: str, mock: str) -> str:
    """
    Return the pattern of a status that differs.
    """
    return f"status: real ({real}), mock ({mock})$"


DEVIATIONS = (
    # A client's mistake makes the real server fail; here it is refused, or what is not there is not found.
    Deviation(name="huge-id", routes="<id>", when="/9{20}", lines=(status("500", "404"),)),
    Deviation(name="text-for-id", routes=r"^GET /\w+$", when="_id=", lines=(status("500", "400"),)),
    Deviation(
        name="text-for-page",
        routes="^GET /(task|run|result)$",
        when="page=",
        lines=(status("500", "400"),),
        versions=ONLY_4_0,
    ),
    Deviation(
        name="unknown-study",
        routes="^(GET /(node|organization)|POST /study)$",
        lines=(status("500", "404"),),
        versions=ONLY_4_15,
    ),
    Deviation(
        name="public-key-not-base64",
        routes="^(POST|PATCH) /organization",
        when="public_key",
        lines=(status("500", "400"),),
    ),
    Deviation(
        name="useless-reference", routes="^DELETE /(collaboration|study)/<id>/", lines=(status("500", "400"), ERRORS)
    ),
    Deviation(
        name="input-no-text",
        routes="^POST /(task|column)$",
        when="organizations",
        surely=r'"organizations": \[{"id": 2(}|, "input": (null|"YWJ"))',
        lines=(status("500", "400"), ERRORS),
        versions=ONLY_4_15,
    ),
    Deviation(
        name="user-or-role-not-json",
        routes="^(POST|PATCH|DELETE) /(role|user)",
        lines=(status("500", "400|415"), r"body\.(msg|message)\b"),
        versions=ONLY_4_15,
    ),
    Deviation(name="port-of-unknown-run", routes="^(POST|DELETE) /port$", lines=(status("500", "400"),)),
    # What never works at the real server works here.
    Deviation(
        name="encryption-as-text",
        routes="^(POST /collaboration|PATCH /collaboration/<id>)$",
        when='"encrypted": "',
        surely='"encrypted": "(true|no)"',
        lines=(status("500", "200"), "body", "changes"),
    ),
    Deviation(
        name="failing-filters",
        routes="^GET /(task|run|result|rule|user)$",
        when="(status|run_id|store_id|port|rule_id|role_id)=",
        lines=(status("500", "200|400|401"), "body", PAGE, "headers"),
    ),
    Deviation(
        name="collaborations-of-a-store",
        routes="^GET /collaboration$",
        when="algorithm_store_id=",
        surely="algorithm_store_id=[23] by root",
        lines=(PAGE,),
        versions=ONLY_4_15,
    ),
    Deviation(name="kill-on-a-node", routes="^POST /kill/node/tasks$", lines=(status("500", "200|401"),)),
    Deviation(
        name="vpn-update",
        routes="^POST /vpn/update$",
        lines=(status("500", "400|401|415|422|501"), r"(body|changes)\b"),
        versions=ONLY_4_15,
    ),
    Deviation(
        name="times-of-runs",
        routes="^PATCH /run/<id>$",
        when="_at",
        surely=r'_at": "2021-03-04T05:06:07(Z|"|[^"]*\+02)',
        lines=(status("500", "200"), r"(body|changes)\b"),
    ),
    Deviation(
        name="bounds-of-other-times", routes="^GET /(run|result)$", when="(started|finished)_from=", lines=(PAGE,)
    ),
    # What SQLite does, and the database of production does not.
    Deviation(name="times-as-text", routes="^GET /(run|result|user|node)$", when="_(from|till)=", lines=(PAGE,)),
    Deviation(name="encryption-as-word", routes="^GET /collaboration$", when="encrypted=true", lines=(PAGE,)),
    Deviation(
        name="fractions",
        routes="^(POST /port|PATCH /algorithmstore/<id>)$",
        when=r": 2\.5",
        lines=(r"(body|changes)\.port\b", status("200", "404"), r"body\b", r"changes\.algorithm_store\b"),
    ),
    # What is left lying about there goes here, and what is half done there is not done.
    Deviation(
        name="orphans",
        routes="^DELETE /(user|organization|collaboration|study|task|node)/<id>$",
        lines=(r"changes\.(task|run|port|task_database|node_config)\b",),
    ),
    Deviation(
        name="partial-writes",
        routes="^PATCH /(user|role|node|study)/<id>$",
        lines=(r"changes\.(user|role|node|study)\b",),
    ),
    Deviation(
        name="token-of-other-kind",
        routes="",
        when=", of a node by kind",
        lines=(r"changes\.user: real .*, mock has no such key",),
    ),
    # What 4.0 alone does.
    Deviation(
        name="rule-not-removed",
        routes="^DELETE /role/<id>/rule/<id>$",
        lines=(r"changes\.role_rule\b",),
        versions=ONLY_4_0,
    ),
    Deviation(
        name="escalation-check-fails",
        routes="^(POST|PATCH|DELETE) /(user|role)",
        when="by (holder|user)",
        surely="narrow",
        lines=(status("500", "401"), r"changes\b"),
        versions=ONLY_4_0,
    ),
    Deviation(
        name="ids-as-text",
        routes="^PATCH /node/<id>$",
        when='_id": "',
        surely='organization_id": " ?2 ?"',
        lines=(status("400", "200"), r"(body|changes)\b"),
        versions=ONLY_4_0,
    ),
    Deviation(
        name="sort-by-joined-columns",
        routes=r"^GET /\w+$",
        when="sort=",
        lines=(status("200", "500"), "body", "headers"),
        versions=ONLY_4_0,
    ),
)
"""The known differences."""
