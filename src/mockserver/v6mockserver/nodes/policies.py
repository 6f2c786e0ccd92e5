"""
The policies of a node: who may run what on its data.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from v6mockserver._errors import MockUsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Look = Callable[[str], Any]

PATTERN = re.compile(r"[*?$^\[\](){}|+\\]")
"""What makes an entry a regular expression; a dot does not."""

BASICS = "ghcr.io/vantage6/algorithm-basics"
"""The image with the basic algorithms that nodes know by themselves."""

TAG_OR_DIGEST = re.compile(r"(:[^/:@]*)?(@.*)?$")


@dataclass(frozen=True, slots=True)
class Policies:
    r"""
    The policies of a node, as in the configuration of a real one. Empty ones allow all.

    A plain entry is an exact name; of an image, one without a tag allows all tags. An entry with any of
    `* ? $ ^ [ ] ( ) { } | + \` is a regular expression, which has to fit from the beginning.

    Attributes
    ----------
    allowed_algorithms : sequence of str
        Images.
    allowed_algorithm_stores : sequence of str
        URLs of algorithm stores. A task that names no store is not from any of them.
    allow_either_whitelist_or_store : bool
        Whether one of those two is enough; otherwise it takes both.
    allowed_users, allowed_organizations : sequence of int or str
        Ids of users, and ids or names of organizations, whose tasks are run; one of them is enough.
    allow_basics_algorithm : bool
        Whether the image with basic algorithms may run.
    """

    allowed_algorithms: Sequence[str] = ()
    allowed_algorithm_stores: Sequence[str] = ()
    allow_either_whitelist_or_store: bool = False
    allowed_users: Sequence[int | str] = ()
    allowed_organizations: Sequence[int | str] = ()
    allow_basics_algorithm: bool = True

    def __post_init__(self) -> None:
        for one in fields(self):
            value = getattr(self, one.name)
            if one.name.startswith("allowed"):
                entries = [value] if isinstance(value, (str, int)) else list(value)
                # A real configuration may have one text in the place of a list.
                object.__setattr__(self, one.name, tuple(entries))
        for entry in (*self.allowed_algorithms, *self.allowed_algorithm_stores):
            _require_pattern(entry)

    def refusal(self, task: dict[str, Any], look: Look) -> str | None:
        """
        Say why a task is not allowed, or None if it is.

        Parameters
        ----------
        task : dict
            The task, as the server shows it to a node.
        look : callable
            Asks the server for what is at a path.
        """
        image: str = task["image"]
        if image.startswith(BASICS) and not self.allow_basics_algorithm:
            return "the basic algorithms are not allowed"
        if (self.allowed_users or self.allowed_organizations) and not self._knows_initiator(task, look):
            return f"user {task['init_user']['id']} of organization {task['init_org']['id']} is not allowed"
        allows = any if self.allow_either_whitelist_or_store else all
        if not allows([self._has_image(image), self._has_store(task, look)]):
            return f"the algorithm {image!r} is not allowed"
        return None

    def _knows_initiator(self, task: dict[str, Any], look: Look) -> bool:
        user, organization = task["init_user"], task["init_org"]["id"]
        if user and str(user["id"]) in map(str, self.allowed_users):
            return True
        allowed = list(map(str, self.allowed_organizations))
        if not allowed:
            return False
        return str(organization) in allowed or look(f"organization/{organization}")["name"] in allowed

    def _has_image(self, image: str) -> bool:
        bare = TAG_OR_DIGEST.sub("", image, count=1)
        # Not modelled: a real node also allows another tag of the same digest, which it asks a registry for.
        return not self.allowed_algorithms or any(_fits(entry, image, bare) for entry in self.allowed_algorithms)

    def _has_store(self, task: dict[str, Any], look: Look) -> bool:
        if not self.allowed_algorithm_stores:
            return True
        store = task.get("algorithm_store")
        if not store:
            return False
        # Not modelled: a node of 4.15.2 also asks the store whether it has the image.
        url = look(f"algorithmstore/{store['id']}")["url"]
        return any(_fits(entry, url) for entry in self.allowed_algorithm_stores)

    def shared(self) -> Iterator[tuple[str, str]]:
        """
        Return what a node tells the server about them.
        """
        for image in self.allowed_algorithms or ("all",):
            yield "allowed_algorithms", image
        for user in self.allowed_users:
            yield "allowed_users", str(user)
        for organization in self.allowed_organizations:
            yield "allowed_orgs", str(organization)


def _fits(entry: str, *texts: str) -> bool:
    if PATTERN.search(entry):
        return re.match(entry, texts[0]) is not None
    return entry in texts


def _require_pattern(entry: object) -> None:
    if not isinstance(entry, str):
        raise MockUsageError(f"an entry of a policy is a text, not {entry!r}")
    if PATTERN.search(entry):
        try:
            re.compile(entry)
        except re.error as error:
            raise MockUsageError(f"the policy {entry!r} is no regular expression: {error}") from error
