"""
The mock answers as the real servers do, and leaves the same behind.

By default a sample is compared, which `--sample-seed` picks. `--full` compares as much as the project promises, records
the answers for where there is no real server, and writes the page that says what was compared.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timezone

import pytest

from .cases import SOURCES
from .deviations import explained, of_version
from .recordings import FOLDER, SUFFIX, write
from .report import PAGE, page
from .servers import VERSIONS

SHOWN = 40
"""How many of the cases that differ a failure shows."""


@pytest.fixture(scope="module")
def compared():
    """How often each route was compared, by version, route and area."""
    return Counter()


@pytest.fixture(scope="module")
def occurred():
    """How often each known deviation occurred, by version and name."""
    return Counter()


@pytest.mark.parametrize("area", SOURCES)
@pytest.mark.parametrize("version", VERSIONS)
def test_the_mock_answers_as_the_real_server(version, area, stages, comparisons, compared, occurred, full):
    """Status, headers, body and the tables afterwards are the same, except for known deviations."""
    wrong, played = [], []
    for one in comparisons[version, area]:
        compared[version, one.case.route, area] += 1
        played.append((one.case, one.real))
        lines = list(explained(version, one.case, one.differences))
        occurred.update({(version, row.name) for _, row in lines if row is not None})
        if unknown := [line for line, row in lines if row is None]:
            wrong.append("\n    ".join([str(one.case), *unknown]))
    if full:
        today = datetime.now(timezone.utc).date().isoformat()  # noqa: TID251 -- the day of the recording
        head = {"version": version, "release": stages[version].release, "date": today, "area": area}
        write(FOLDER / f"{version}-{area}{SUFFIX}", head, stages[version].cast, stages[version].world, played)

    assert not wrong, f"{len(wrong)} of {len(played)} differ:\n" + "\n".join(wrong[:SHOWN])


@pytest.mark.parametrize("version", VERSIONS)
def test_every_known_deviation_still_occurs(version, occurred, full):
    """A row of the table that explains nothing is out of date."""
    if not full:
        pytest.skip("only a full comparison meets every deviation")

    assert [row.name for row in of_version(version) if not occurred[version, row.name]] == []


def test_the_page_says_what_was_compared(stages, compared, full):
    """A full comparison says how often each route was compared."""
    if not full:
        pytest.skip("only a full comparison is reported")
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(compared, {version: stage.release for version, stage in stages.items()}))

    assert PAGE.exists()
