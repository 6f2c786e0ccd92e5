"""The report on rules: what a run of tests exercised, and the smallest role of each user."""

from __future__ import annotations

import pytest

TESTS = """
    def one():
        return 1


    def test_a_task(v6_federation, v6_client):
        v6_federation.server.algorithms.register("one", {"one": one})
        client = v6_client()
        where = v6_federation.collaboration, v6_federation.organizations
        task = client.task.create(*where, "t", "one", "", {"method": "one"})
        assert len(client.wait_for_results(task["id"])["data"]) == 3


    def test_a_list(v6_client):
        v6_client().node.list()
"""


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [[], ["-n", "2"]], ids=["alone", "xdist"])
def test_the_report_on_rules(project, arguments):
    """It counts rules over all tests, whatever process they ran in, and tells what the researcher needs."""
    project.write("test_it.py", TESTS)

    ended = project.pytest("--v6-rules", *arguments)

    assert ended.counts == {"passed": 2}
    report = ended.text.partition("v6 rules")[2]
    assert " x  task CREATE COLLABORATION" in report
    needed = report.partition("the smallest role of ")[2]
    assert "    task CREATE COLLABORATION" in needed
    assert "    node VIEW " in needed
    assert "GLOBAL" not in needed


def test_nothing_to_report(project):
    """A project that asks for no rule hears that."""
    project.write("test_it.py", "def test_nothing():\n    pass\n")

    assert "no test has asked" in project.pytest("--v6-rules").text
    assert "v6 rules" not in project.pytest().text
