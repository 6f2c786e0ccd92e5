"""The fixtures, as a project uses them."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.slow

FIXTURES = """
    import pytest
    import requests

    def mean(df, column):
        return float(df[column].mean())

    def ask(federation, client):
        federation.server.algorithms.register("mean", {"mean": mean})
        task = client.task.create(
            collaboration=federation.collaboration, organizations=federation.organizations, name="mean", image="mean",
            description="", input_={"method": "mean", "kwargs": {"column": "age"}}, databases="default",
        )
        return client.wait_for_results(task["id"])["data"]

    def test_all_nodes_have_rows(v6_federation, v6_client):
        assert len(ask(v6_federation, v6_client())) == len(v6_federation.nodes) == 3
        assert len(v6_federation.data) == 60

    def test_the_collaboration_is_encrypted(v6_federation, v6_client, v6_journal):
        ask(v6_federation, v6_client())
        sent = v6_journal.where(method="POST", path="/task").last.body["organizations"]
        assert all("$" in one["input"] for one in sent)

    @pytest.mark.v6(organizations=["North", "South"], encrypted=False, version="4.0")
    class TestMarked:
        def test_closest_marker_wins(self, v6_federation, v6_keys):
            assert [node.organization for node in v6_federation.nodes] == ["North", "South"]
            assert v6_federation.server.version == "4.0"
            assert v6_keys == {}

        @pytest.mark.v6(encrypted=True)
        def test_a_test_says_the_rest(self, v6_keys, v6_federation):
            assert sorted(v6_keys) == ["North", "South"]
            assert v6_federation.server.version == "4.0"

    @pytest.mark.parametrize("again", [1, 2])
    def test_nothing_is_left_of_the_test_before(again, v6_server, v6_journal, v6_clock):
        assert len(v6_journal) == 0
        assert "mean" not in v6_server.algorithms
        client = v6_server.client("root")
        assert "Fourth" not in [one["name"] for one in client.organization.iter()]
        client.organization.create("Fourth", "", "", "", "", "")
        v6_server.algorithms.register("mean", {"mean": mean})
        v6_clock.advance(10)

    @pytest.mark.parametrize("again", [1, 2])
    def test_data_are_not_shared(again, v6_federation):
        frame = v6_federation.nodes[0].databases["default"].source
        assert frame["age"].min() > 0
        frame["age"] = 0
        assert v6_federation.data["age"].min() == 0

    def test_live(v6_live_server):
        assert requests.get(f"{v6_live_server.url}/api/version").json() == {"version": "4.15.2"}

    def test_it_ended_with_its_test(v6_server):
        assert v6_server.url.endswith(".invalid")

    def test_faults_that_are_hit(v6_server, v6_faults):
        v6_faults.on(path="/version").answer(503)
        assert v6_server.session().get(f"{v6_server.url}/api/version").status_code == 503

    def test_others_log_in(v6_client, v6_federation):
        assert v6_client().whoami.organization_name == "organization 1"
        assert v6_client("root", password="root").whoami.id_ == 1
        assert v6_client(role="Viewer", organization="organization 2").whoami.organization_name == "organization 2"
        second = v6_federation.organizations[1]
        assert v6_client(rules=["organization VIEW ORGANIZATION"], organization=second).whoami.organization_id == second
        with pytest.raises(Exception, match="there is no role 'Admin'"):
            v6_client(role="Admin")

    @pytest.mark.v6(seed={"organizations": [{"name": "Alone", "users": [{"username": "eve", "password": "e"}]}]})
    def test_seed(v6_federation, v6_client):
        assert v6_client("eve").whoami.organization_name == "Alone"
        assert v6_client().whoami.organization_name == "Alone"
        assert v6_federation.collaboration is None
"""


def test_fixtures(project):
    """Everything that a project may ask for is there, and fresh."""
    project.write("test_theirs.py", FIXTURES)

    ended = project.pytest()

    assert ended.counts == {"passed": 13}, ended.text
