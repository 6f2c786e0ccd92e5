"""
Routes to get into an account again, and to change a password.
"""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from v6mockserver import _messages as messages
from v6mockserver.api._answers import AnswerSchema, MessageAnswer, text
from v6mockserver.api._fields import MAX_DESCRIPTION, MAX_NAME, IdSchema, strong_password
from v6mockserver.api._routes import USER, Answer, Call, Routes
from v6mockserver.api.token import CredentialsSchema, SecondFactorAnswer, render_step
from v6mockserver.state import recover

routes = Routes("recover")


class ChangePasswordSchema(Schema):
    """
    The password as it is, and as it is to be.
    """

    current_password = fields.String(required=True, validate=validate.Length(max=MAX_NAME))
    new_password = fields.String(required=True, validate=strong_password)


class LostPasswordSchema(Schema):
    """
    Whose password is lost.
    """

    either = ("username", "email")

    email = fields.Email()
    username = fields.String(validate=validate.Length(max=MAX_NAME))

    @validates_schema
    def names_somebody(self, data: dict[str, Any], **_: object) -> None:
        """
        Refuse a body with neither a name nor an address.
        """
        if data.keys().isdisjoint(self.either):
            raise ValidationError(f"Needs {' or '.join(self.either)}.")


class LostSecondFactorSchema40(LostPasswordSchema):
    """
    Whose second factor is lost.
    """

    # Server quirk: the password that the user has must be as strong as a new one (4.0, POST /recover/2fa/lost).
    password = fields.String(required=True, validate=strong_password)


class ResetSchema(Schema):
    """
    The token from the mail.
    """

    reset_token = fields.String(required=True, validate=validate.Length(max=MAX_DESCRIPTION))


class ResetPasswordSchema(ResetSchema):
    """
    The token from the mail, and the new password.
    """

    password = fields.String(required=True, validate=strong_password)


class ApiKeyAnswer(AnswerSchema):
    """
    The new api key of a node.
    """

    api_key = text()


@routes.add(
    "PATCH", "/password/change", callers=USER, body=ChangePasswordSchema, answers={200: MessageAnswer}, refusals=[400]
)
def change_password(call: Call) -> Answer:
    """
    Change one's own password.
    """
    recover.change_password(call.world, call.caller, **call.body())
    return 200, {"msg": messages.PASSWORD_SET}


@routes.add("POST", "/recover/lost", callers=(), body=LostPasswordSchema, answers={200: MessageAnswer})
def lose_password(call: Call) -> Answer:
    """
    Ask for a mail with a token; the answer does not tell whether there is such an account.
    """
    recover.lose_password(call.world, **call.body())
    return 200, {"msg": messages.MAIL_MAYBE}


@routes.add(
    "POST",
    "/recover/reset",
    callers=(),
    body=ResetPasswordSchema,
    answers={200: MessageAnswer},
    refusals=[400, 401, 422],
)
def reset_password(call: Call) -> Answer:
    """
    Set a password with the token from the mail.
    """
    recover.reset_password(call.world, **call.body())
    return 200, {"msg": messages.PASSWORD_SET}


@routes.add(
    "POST",
    "/recover/2fa/lost",
    callers=(),
    body={"4.0": LostSecondFactorSchema40, "4.15": CredentialsSchema},
    answers={200: MessageAnswer},
    refusals=[400, 401],
)
def lose_second_factor(call: Call) -> Answer:
    """
    Ask for a mail with a token, knowing the password.
    """
    recover.lose_second_factor(call.world, **call.body())
    return 200, {"msg": messages.MAIL_MAYBE}


@routes.add(
    "POST",
    "/recover/2fa/reset",
    callers=(),
    body=ResetSchema,
    answers={200: SecondFactorAnswer},
    refusals=[400, 401, 422],
)
def reset_second_factor(call: Call) -> Answer:
    """
    Get a new second factor with the token from the mail.
    """
    return 200, render_step(recover.reset_second_factor(call.world, **call.body()))


@routes.add("POST", "/recover/node", callers=USER, body=IdSchema, answers={200: ApiKeyAnswer}, refusals=[404])
def reset_api_key(call: Call) -> Answer:
    """
    Give a node another api key.
    """
    return 200, {"api_key": recover.reset_api_key(call.world, call.caller, call.body()["id"])}
