"""
What each organization of a new task gets.

Whether a collaboration is encrypted can change, and an outdated answer would publish an input. So it is asked for each
task; newer servers have the public keys of all members in the same answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from v6client._plain import PlainCryptor
from v6client.exceptions import EncryptionError, NoPrivateKeyError, PermissionDeniedError, UsageError
from v6client.resources._base import whole
from v6client.resources.organization import Organization

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from v6client import _models as models
    from v6client._client import UserClient
    from v6client._content import Content
    from v6client._plain import Cryptor


def inputs_for(
    client: UserClient, collaboration: int, receivers: Sequence[int], message: bytes
) -> Iterable[tuple[int, bytes | Content]]:
    """
    The organizations and their inputs, as they go into the body of a task.

    Parameters
    ----------
    client
        Who creates the task.
    collaboration
        Where.
    receivers
        The organizations that shall run it.
    message
        What each of them gets.

    Raises
    ------
    NoPrivateKeyError
        The collaboration is encrypted and there is no key, or nobody knows whether it is.
    EncryptionError
        One of the organizations has no public key, or one that cannot be used.
    UsageError
        One of them is not in the collaboration.
    """
    viewed = _viewed(client, collaboration)
    cryptor = _cryptor(client.cryptor, collaboration, viewed)
    # A server that leaves out the organizations is from before there were blobs, and need not be asked.
    in_blobs = (viewed is None or isinstance(viewed["organizations"], list)) and client.blobs.is_used()
    make = cryptor.blob if in_blobs else cryptor.text
    if cryptor.encrypts:
        members = _members(client, collaboration, viewed, receivers)
        contents = [_encrypted_for(members, id_, make, message) for id_ in receivers]
    else:
        contents = [make(message, "")] * len(receivers)
    # Nothing is sent before all of them are known to be possible.
    if in_blobs:
        return [(id_, client.blobs.stored(content).encode()) for id_, content in zip(receivers, contents, strict=True)]
    return zip(receivers, contents, strict=True)


def _viewed(client: UserClient, collaboration: int) -> dict[str, Any] | None:
    """
    The collaboration, with its organizations where the server can include them; None if we may not look.
    """
    path = f"collaboration/{whole(collaboration, 'collaboration')}"
    wanted = ("encrypted", "organizations")
    try:
        row: dict[str, Any] = client.connection.view(path, *wanted, params={"include": "organizations"})
    except PermissionDeniedError:
        return None  # who may create tasks need not be allowed to look
    return row


def _cryptor(own: Cryptor, collaboration: int, viewed: dict[str, Any] | None) -> Cryptor:
    """
    What the inputs go through.
    """
    if viewed is None:
        if not own.is_chosen:
            raise NoPrivateKeyError(
                f"you may not see whether collaboration {collaboration} is encrypted: call setup_encryption() with the "
                "path of your organization's private key if it is, and with None if it is not"
            )
        return own
    if not viewed["encrypted"]:
        return PlainCryptor()
    if not own.encrypts:
        raise NoPrivateKeyError(
            f"collaboration {collaboration} is encrypted and no private key is set, so the results could not be "
            "read: call setup_encryption() with the path of your organization's private key"
        )
    return own


def _members(
    client: UserClient, collaboration: int, viewed: dict[str, Any] | None, receivers: Sequence[int]
) -> dict[int, models.Organization]:
    """
    The organizations of a collaboration, or at least those of them that matter.
    """
    if viewed is not None and isinstance(viewed["organizations"], list):
        return {row["id"]: row for row in viewed["organizations"]}
    organizations = Organization(client)
    try:
        members = {row["id"]: row for row in organizations.iter(collaboration=collaboration)}
    except PermissionDeniedError:
        members = {}
    # Who may view an organization need not be allowed to list it.
    return members | {id_: organizations.get(id_) for id_ in receivers if id_ not in members}


def _encrypted_for(
    members: dict[int, models.Organization], id_: int, make: Callable[[bytes, str], Content], message: bytes
) -> Content:
    if id_ not in members:
        raise UsageError(f"organization {id_} is not in the collaboration, whose members are {sorted(members)}")
    name, public_key = members[id_]["name"], members[id_]["public_key"]
    if not public_key:
        raise EncryptionError(
            f"{name} (organization {id_}) has no public key on the server, so nothing can be encrypted for it: it gets "
            "one when its node starts, or when one of its users calls setup_encryption()"
        )
    try:
        return make(message, public_key)
    except EncryptionError as error:
        raise EncryptionError(
            f"the public key of {name} (organization {id_}) cannot be used: {error}. One of its users can replace it "
            "with setup_encryption(..., overwrite=True)"
        ) from error
