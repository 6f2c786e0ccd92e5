"""The script of the researcher."""

from __future__ import annotations

import pandas as pd
import pytest
from v6client.exceptions import ConnectionFailedError, PermissionDeniedError, TaskTimeoutError

from weight_study import analysis


@pytest.fixture
def profile(v6_federation, v6_live_server, v6_client, v6_keys, monkeypatch):
    """The environment of the researcher's machine."""
    whoami = v6_client().whoami
    settings = {
        "HOST": v6_live_server.url,
        "USERNAME": "researcher",
        "PASSWORD": v6_live_server.passwords["researcher"],
        "PRIVATE_KEY": v6_keys[whoami.organization_name],
        "COLLABORATION": v6_federation.collaboration,
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"V6CLIENT_{name}", str(value))


@pytest.mark.usefixtures("image", "profile")
def test_the_script_writes_a_table(tmp_path):
    """With a row for each group."""
    analysis.main([str(tmp_path / "weights.csv")])

    table = pd.read_csv(tmp_path / "weights.csv")
    assert list(table["group"]) == ["f", "m"]
    assert table["mean"].between(60, 90).all()


@pytest.mark.usefixtures("image")
def test_a_broken_connection_makes_no_second_task(client, v6_faults, v6_journal):
    """The script fails, and whoever starts it again knows why: the task may be there."""
    v6_faults.on(method="POST", path="/task", caller="researcher").reset(acted=True)

    with pytest.raises(ConnectionFailedError):
        analysis.ask(client, "weight", "sex")

    assert len(v6_journal.where(method="POST", path="/task", caller="user researcher")) == 1


def test_a_hospital_that_is_offline(v6_federation, client):
    """The script ends when its time is up, and names who keeps it waiting."""
    v6_federation.nodes[0].go_offline()

    with pytest.raises(TaskTimeoutError, match=v6_federation.nodes[0].organization):
        analysis.answer(client, analysis.ask(client, "weight", "sex"), timeout=0.2)


def test_who_may_not_ask(v6_client, v6_federation):
    """A viewer is told which rule is missing."""
    viewer = v6_client(role="Viewer")
    viewer.setup_collaboration(v6_federation.collaboration)

    with pytest.raises(PermissionDeniedError) as refused:
        analysis.ask(viewer, "weight", "sex")

    assert "task CREATE COLLABORATION" in refused.value.missing_rules


@pytest.mark.v6(real=True)
def test_one_run_at_the_researchers_organization(client):
    """Which starts the others; this is so on a real server as well."""
    task = analysis.ask(client, "weight", "sex")

    (run,) = client.run.from_task(task["id"])["data"]
    assert run["organization"]["id"] == client.whoami.organization_id


@pytest.mark.v6(real=True)
def test_the_server_keeps_what_the_script_says(client):
    """Whoever looks at the task in the web interface reads what it is for."""
    task = client.task.get(analysis.ask(client, "weight", "sex")["id"])

    assert (task["image"], task["name"]) == (analysis.IMAGE, "weight-study")
    assert task["description"] == "the mean of weight by sex"
