"""
What answers are made of, for the description of the API.

Views render with plain functions, for speed. The schemas here say what comes out of them: the OpenAPI document
(`_openapi.py`) is made from these, and a test holds every real answer against it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from marshmallow import Schema, fields, validate

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

MOMENT = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{6})?$"
"""A time in an answer: UTC without an offset, which is why it is no `date-time` of JSON Schema."""


class AnswerSchema(Schema):
    """
    An object in an answer: all of its keys are always there, and no others.

    Attributes
    ----------
    noun : str
        Under what `Release.absent_keys` lists the keys that a release lacks.
    optional : collection of str
        Keys that are there only when asked for.
    headers : mapping
        What else the answer says, by the name of the header.
    """

    noun: ClassVar[str] = ""
    optional: ClassVar[Collection[str]] = ()
    headers: ClassVar[Mapping[str, str]] = {}


class OneOf(fields.Field[Any]):
    """
    A value that comes in several forms.

    Parameters
    ----------
    *forms : marshmallow fields
        The forms.
    """

    def __init__(self, *forms: fields.Field[Any]) -> None:
        super().__init__()
        self.forms = forms


@dataclass(frozen=True, slots=True)
class ListOf:
    """
    A bare list of objects.
    """

    item: type[Schema]


@dataclass(frozen=True, slots=True)
class PageOf:
    """
    A page of a list, in the envelope and with the headers of all lists.
    """

    item: type[Schema]


@dataclass(frozen=True, slots=True, init=False)
class EitherOf:
    """
    An object of one of several forms.
    """

    forms: tuple[type[Schema], ...]

    def __init__(self, *forms: type[Schema]) -> None:
        object.__setattr__(self, "forms", forms)


class Bytes(Schema):
    """
    No object, but a body of bytes; of an answer or of a request.
    """

    headers: ClassVar[Mapping[str, str]] = {"Content-Disposition": "Under what name a browser would save it."}


Shape = type[Schema] | ListOf | PageOf | EitherOf
"""What the body of an answer can be."""


def text(**options: Any) -> fields.String:
    """
    Return a field for text.
    """
    return fields.String(**options)


def moment() -> fields.String:
    """
    Return a field for a time, or null.
    """
    return fields.String(allow_none=True, validate=validate.Regexp(MOMENT))


def number() -> fields.Integer:
    """
    Return a field for an id.
    """
    return fields.Integer(strict=True)


def constant(value: str) -> fields.String:
    """
    Return a field that always has the same value.
    """
    return fields.String(validate=validate.OneOf([value]))


class LinkAnswer(AnswerSchema):
    """
    A link to one object.
    """

    id = number()
    link = text()
    methods = fields.List(text())


def link(*, allow_none: bool = False) -> fields.Nested:
    """
    Return a field for a link to one object.
    """
    return fields.Nested(LinkAnswer, allow_none=allow_none)


class MessageAnswer(AnswerSchema):
    """
    What happened, in words.
    """

    msg = text()


class PageLinksAnswer(AnswerSchema):
    """
    Where the pages of a list are.
    """

    optional = ("previous", "next", "last")

    first = text()
    self = text()
    previous = text()
    next = text()
    last = text()


class InvalidBodyAnswer(AnswerSchema):
    """
    What is wrong with a body, field by field.
    """

    msg = text()
    errors = fields.Dict(keys=text())


class FrameworkMessageAnswer(AnswerSchema):
    """
    What the framework of the server has to say, rather than the server.
    """

    message = text()
