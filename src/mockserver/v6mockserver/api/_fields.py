"""
Fields and checks that the schemas of several nouns share.
"""

from __future__ import annotations

import re
from datetime import datetime, timezone
from math import isfinite
from typing import TYPE_CHECKING, Any

from marshmallow import INCLUDE, Schema, ValidationError, fields, validate

from v6mockserver.state.query import NOTHING

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_NAME = 128
MAX_DESCRIPTION = 1024
MIN_PASSWORD = 8


class Integer(fields.Integer):
    """
    A whole number, or text that is one. A fraction passes, and then is the id of nothing.
    """

    default_error_messages = {"invalid": "Not a whole number."}  # noqa: RUF012 -- how marshmallow takes them

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        if isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        number = super()._deserialize(value, attr, data, **kwargs)
        return value if isinstance(value, float) and value != number else number


class Moment(fields.Field[str]):
    """
    An ISO date and time, stored as UTC text without an offset.
    """

    default_error_messages = {"invalid": "Not an ISO date and time."}  # noqa: RUF012 -- how marshmallow takes them

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:  # noqa: ARG002 -- marshmallow's signature
        try:
            moment = datetime.fromisoformat(re.sub(r"Z$", "+00:00", value))
            if moment.tzinfo is not None:
                moment = moment.astimezone(timezone.utc).replace(tzinfo=None)
        except (TypeError, ValueError, OverflowError) as error:
            raise self.make_error("invalid", input=value) from error
        if "T" not in value:
            raise self.make_error("invalid", input=value)
        return moment.isoformat()


class Objects(fields.List[Any]):
    """
    A list of objects: of mistakes inside them the first is told, in one text; what is no object is told by its place.
    """

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> list[Any]:
        try:
            return super()._deserialize(value, attr, data, **kwargs)
        except ValidationError as error:
            if not isinstance(error.messages, dict):
                raise
            strangers = {index: ["Not an object."] for index, item in enumerate(value) if not isinstance(item, dict)}
            raise ValidationError(strangers or [_first_mistake(error.messages)]) from error


def _first_mistake(messages: Any) -> str:
    if not isinstance(messages, dict):
        return str(messages[0])
    key, inner = next(iter(messages.items()))
    return f"{key}: {_first_mistake(inner)}"


def identifier(**options: Any) -> Integer:
    """
    Return a field for an id.
    """
    return Integer(validate=validate.Range(min=1), **options)


def identifiers(**options: Any) -> fields.List[Any]:
    """
    Return a field for a list of ids.
    """
    return fields.List(identifier(), **options)


def short_text(**options: Any) -> fields.String:
    """
    Return a field for a short text that may be empty.
    """
    return fields.String(validate=validate.Length(max=MAX_NAME), **options)


def long_text(**options: Any) -> fields.String:
    """
    Return a field for a description.
    """
    return fields.String(validate=validate.Length(max=MAX_DESCRIPTION), **options)


def name(**options: Any) -> fields.String:
    """
    Return a field for a name: not empty, not made of digits only.
    """
    return fields.String(validate=[validate.Length(min=1, max=MAX_NAME), not_digits_only], **options)


def not_digits_only(text: str) -> None:
    """
    Refuse text that could be mistaken for an id; all that Unicode has a number for counts as a digit, ½ and 七 too.
    """
    if text.isnumeric():
        msg = f"{text!r} is made of digits only; use at least one other character."
        raise ValidationError(msg)


def members() -> fields.List[Any]:
    """
    Return a field for the ids of the organizations that form something; each once, and at least one.
    """
    # Here, and only here, a mistake in one id is told of the list as a whole.
    return fields.List(Integer(), required=True, validate=[_positive, no_duplicates, validate.Length(min=1)])


def _positive(ids: list[Any]) -> None:
    if any(id_ < 1 for id_ in ids):
        msg = "Names an id below 1."
        raise ValidationError(msg)


def no_duplicates(ids: list[Any]) -> None:
    """
    Refuse a list that names something twice.
    """
    if len(set(ids)) < len(ids):
        msg = "Names something twice."
        raise ValidationError(msg)


PASSWORD_RULES = (
    (lambda text: len(text) >= MIN_PASSWORD, f"Needs at least {MIN_PASSWORD} characters."),
    (lambda text: len(text) <= MAX_NAME, f"Takes at most {MAX_NAME} characters."),
    (re.compile("[0-9]").search, "Needs a digit."),
    (re.compile("[A-Z]").search, "Needs an upper-case letter."),
    (re.compile("[a-z]").search, "Needs a lower-case letter."),
    (lambda text: not text.isalnum(), "Needs a character that is neither letter nor digit."),
)
"""What a new password must be, in the order in which it is checked."""


def strong_password(text: str) -> None:
    """
    Refuse a password that breaks a rule, naming the first one.
    """
    for holds, message in PASSWORD_RULES:
        if not holds(text):
            raise ValidationError(message)


class Reference(Integer):
    """
    Whatever is compared with the ids in a database: any text or number, most of which are the id of nothing.
    """

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:  # noqa: ARG002 -- marshmallow's signature
        try:
            number = float(value)
        except (ValueError, OverflowError):
            return NOTHING
        except TypeError as error:
            raise self.make_error("invalid", input=value) from error
        return int(number) if isfinite(number) and number == int(number) else NOTHING


class IdSchema(Schema):
    """
    A body that names one object.
    """

    id = identifier(required=True)


class ReferenceSchema(Schema):
    """
    A body that names one object, and is hardly looked at.
    """

    class Meta:
        """
        Other keys are passed over.
        """

        unknown = INCLUDE

    id = Reference(required=True)
