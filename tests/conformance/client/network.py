"""
The network that every test starts from, as our own client builds it.

Alpha and Beta work together in the open and in a sealed, that is encrypted, way; Gamma is by itself. Ids are those
that a fresh server gives, users and nodes being counted together.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from v6client._crypto import RSACryptor

from .targets import PASSWORD

if TYPE_CHECKING:
    from .targets import Target

ROOT_ORGANIZATION, ALPHA, BETA, GAMMA = range(1, 5)
OPEN, SEALED, FAR = range(1, 4)
ROOT, NORA, ADA, CARLA, GUS = range(1, 6)
ALPHA_OPEN, BETA_OPEN, ALPHA_SEALED, BETA_SEALED, GAMMA_FAR = range(6, 11)
UNKNOWN = 9999

TREE = Path(__file__).parents[3]
# Keys of the size that is used make everything take longer, and nothing different.
KEYS = {
    ALPHA: TREE / "fixtures/keys/insecure-small-test-key-01.pem",
    BETA: TREE / "fixtures/keys/insecure-small-test-key-02.pem",
}

IMAGE = "example.org/average:1"
INPUT = {"method": "average", "args": [], "kwargs": {"column": "age"}}


def build(target: Target) -> dict[int, str]:
    """
    Build the network on a fresh server.

    Returns
    -------
    dict
        The api keys of the nodes by their ids.
    """
    root = target.client("root")
    for name, key in (("Alpha", KEYS[ALPHA]), ("Beta", KEYS[BETA]), ("Gamma", None)):
        public_key = None if key is None else RSACryptor.from_file(key).public_key
        root.organization.create(name, "1 Main Street", "", "1000", "NL", f"{name.lower()}.org", public_key)
    root.collaboration.create("Open", [ALPHA, BETA])
    root.collaboration.create("Sealed", [ALPHA, BETA], encrypted=True)
    root.collaboration.create("Far", [GAMMA])
    roles = {role["name"]: role["id"] for role in root.role.list()["data"]}
    for name, organization, role in (
        ("nora", ALPHA, "Researcher"),
        ("ada", ALPHA, "Organization Admin"),
        ("carla", ALPHA, "Collaboration Admin"),
        ("gus", GAMMA, "Researcher"),
    ):
        address = f"{name}@example.org"
        root.user.create(name, name.title(), "Tester", PASSWORD, address, organization, [roles[role]])
        target.client(name)  # once for all tests
    members = {OPEN: [ALPHA, BETA], SEALED: [ALPHA, BETA], FAR: [GAMMA]}
    nodes = [
        root.node.create(collaboration, organization, f"node {organization} of {collaboration}")
        for collaboration, organizations in members.items()
        for organization in organizations
    ]
    return {node["id"]: node["api_key"] for node in nodes}
