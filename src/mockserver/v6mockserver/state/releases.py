"""
The server releases that a world can behave as, and everything in which they differ.

A difference is a value here, named after what the server does, and code asks for it by that name. So the whole of what
4.0 is not can be read in one place, and a further release is another entry. What else tells releases apart is declared
where it belongs: a route says since when it exists and what body each release reads (`api/`), rules and default roles
are in `data/<version>`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

ITEM_METHODS = ("GET", "PATCH", "DELETE")

LINK_METHODS: Mapping[str, tuple[str, ...]] = {
    "organization": ITEM_METHODS,
    "collaboration": ITEM_METHODS,
    "study": ITEM_METHODS,
    "user": ITEM_METHODS,
    "node": ITEM_METHODS,
    "role": ITEM_METHODS,
    "algorithmstore": ITEM_METHODS,
    "task": ("GET", "DELETE"),
    "run": ("GET", "PATCH"),
    # Server quirk: PATCH is announced for results and does not exist (4.0 to 4.15).
    "result": ("GET", "PATCH"),
}
"""The methods that a link to an object announces, by noun."""


ONLY_FLAGS = ("only_children", "only_parent", "only_siblings", "only_self")
CLASHING_FLAGS = tuple(map(frozenset, combinations(ONLY_FLAGS, 2)))
"""The flags of which a list of addresses takes one at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """
    One server release, told by what it does.

    Attributes
    ----------
    version : str
        What it is asked for by, such as "4.15"; also the folder of its rules and roles.
    number : str
        The exact release that was observed, such as "4.15.2".
    link_methods : mapping
        The methods that a link to an object announces, by noun.
    absent_keys : mapping
        Keys that its answers and tokens lack, by noun.
    absent_parts : frozenset of str
        What its collaborations do not have, by the names of a seed.
    ignored_parameters : mapping
        Query parameters that its lists pass over, by noun.
    fails_on_text_pages : bool
        Whether a page that is not a number makes it fail, where others refuse it.
    misses_rules : bool
        Whether a list of roles by a rule that does not exist is not found, where others refuse it.
    new_node_status : str or None
        The status of a node that has never connected.
    tells_of_tasks_by_id : bool
        Whether the event `new_task` is the bare id, after an event `task_created`.
    reaches_tasks_through_any_collaboration : bool
        Whether COLLABORATION reaches tasks and runs through every collaboration that is shared with the organization
        that started them, and not through their own alone.
    blurs_failures : bool
        Whether a task with a failed run is "failed", whatever the failure.
    closes_waiting_siblings : bool
        Whether a failed run closes those of its task that have not started.
    kills_finished_runs : bool
        Whether a kill reaches runs that are over as well, and takes their status from them.
    checks_inputs : bool
        Whether a task's inputs must fit the encryption of its collaboration.
    keeps_image_of_parent : bool
        Whether a subtask gets its parent's image, whatever was sent.
    words_task_body_errors : bool
        Whether a body of POST /task that is not JSON is answered under `msg`, and always with 400.
    words_role_errors : bool
        Whether errors in the body of a role are put under `msg`.
    lists_oneself : bool
        Whether a user without any rule finds themselves by username.
    counts_own_organization : bool
        Whether a list of users by COLLABORATION has those of the own organization, also outside any collaboration.
    shows_default_roles : bool
        Whether who may view any role may view the default ones.
    guards_members : bool
        Whether only GLOBAL may replace the members of a collaboration.
    guards_public_key : bool
        Whether an organization's public key is set by its own users and nodes only.
    moves_nodes : bool
        Whether PATCH /node/<id> takes another organization or collaboration.
    waits_between_mails : bool
        Whether a user is not sent the same kind of mail again too soon; it then also keeps when it sent one.
    counts_wrong_passwords_everywhere : bool
        Whether a wrong password in PATCH /password/change counts as a failed login, and a locked account is refused.
    hides_unknown_accounts : bool
        Whether losing the second factor of an account that does not exist looks like success.
    admits_having_no_mail : bool
        Whether a server that cannot send mail says so to who has lost their second factor.
    names_server_in_apps : bool
        Whether authenticator apps show the name of the server in its settings.
    resets_keys_of_partners : bool
        Whether COLLABORATION reaches a node that is to get another api key.
    clashing_address_flags : tuple of frozenset
        The flags that a list of addresses refuses together.
    stores_blobs : bool
        Whether it can keep inputs and results in a blob store.
    """

    version: str
    number: str
    link_methods: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: LINK_METHODS)
    absent_keys: Mapping[str, frozenset[str]] = field(default_factory=dict)
    absent_parts: frozenset[str] = frozenset()
    ignored_parameters: Mapping[str, frozenset[str]] = field(default_factory=dict)
    fails_on_text_pages: bool = True
    misses_rules: bool = True
    new_node_status: str | None = "offline"
    tells_of_tasks_by_id: bool = False
    reaches_tasks_through_any_collaboration: bool = False
    blurs_failures: bool = False
    closes_waiting_siblings: bool = True
    kills_finished_runs: bool = False
    checks_inputs: bool = True
    keeps_image_of_parent: bool = True
    words_task_body_errors: bool = True
    words_role_errors: bool = True
    lists_oneself: bool = True
    counts_own_organization: bool = True
    shows_default_roles: bool = True
    guards_members: bool = True
    guards_public_key: bool = True
    moves_nodes: bool = False
    waits_between_mails: bool = True
    counts_wrong_passwords_everywhere: bool = True
    hides_unknown_accounts: bool = False
    admits_having_no_mail: bool = True
    names_server_in_apps: bool = True
    resets_keys_of_partners: bool = True
    clashing_address_flags: tuple[frozenset[str], ...] = CLASHING_FLAGS
    stores_blobs: bool = True

    def shown(self, noun: str, body: dict[str, Any]) -> dict[str, Any]:
        """
        Return an object of an answer or a token without the keys that this release lacks.
        """
        absent = self.absent_keys.get(noun)
        return {key: value for key, value in body.items() if key not in absent} if absent else body

    def has(self, since: str) -> bool:
        """
        Tell whether this release has what came with a version.
        """
        versions = list(RELEASES)
        return versions.index(since) <= versions.index(self.version)


V4_15 = Release(version="4.15", number="4.15.2")
V4_0 = replace(
    V4_15,
    version="4.0",
    number="4.0.3",
    link_methods={**LINK_METHODS, "organization": ("GET", "PATCH")},
    absent_keys={
        "user": frozenset({"last_email_failed_login_sent", "last_email_recover_password_sent"}),
        "role": frozenset({"is_default_role"}),
        "organization": frozenset({"studies"}),
        "collaboration": frozenset({"studies", "algorithm_stores"}),
        "task": frozenset({"finished_at", "study", "algorithm_store"}),
        "run": frozenset({"cleanup_at", "blob_storage_used"}),
        "result": frozenset({"cleanup_at", "blob_storage_used"}),
        "token": frozenset({"csrf"}),
        "container": frozenset({"study_id", "store_id"}),
    },
    absent_parts=frozenset({"studies", "stores"}),
    ignored_parameters={
        "organization": frozenset({"study_id", "ids"}),
        "node": frozenset({"study_id"}),
        "collaboration": frozenset({"algorithm_store_id", "include"}),
        "task": frozenset({"study_id", "store_id"}),
        "port": frozenset({"only_siblings", "only_self"}),
    },
    fails_on_text_pages=False,
    misses_rules=False,
    new_node_status=None,
    tells_of_tasks_by_id=True,
    reaches_tasks_through_any_collaboration=True,
    blurs_failures=True,
    closes_waiting_siblings=False,
    kills_finished_runs=True,
    checks_inputs=False,
    keeps_image_of_parent=False,
    words_task_body_errors=False,
    words_role_errors=False,
    lists_oneself=False,
    counts_own_organization=False,
    shows_default_roles=False,
    guards_members=False,
    guards_public_key=False,
    moves_nodes=True,
    waits_between_mails=False,
    counts_wrong_passwords_everywhere=False,
    hides_unknown_accounts=True,
    admits_having_no_mail=False,
    names_server_in_apps=False,
    resets_keys_of_partners=False,
    clashing_address_flags=(
        frozenset({"only_children", "only_parent"}),
        frozenset({"only_children", "include_parent"}),
        frozenset({"only_parent", "include_children"}),
    ),
    stores_blobs=False,
)

RELEASES = {release.version: release for release in (V4_0, V4_15)}
"""The releases by version, oldest first."""
LATEST = V4_15.version
