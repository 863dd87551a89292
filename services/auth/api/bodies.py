"""What clients send. Unknown members are left alone: a newer client may say more."""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, StringConstraints

from services.auth.domain import well_formed_email
from services.auth.passwords import LONGEST_TYPED
from shared.tokens import Role
from shared.values import Text, no_nul


class Body(BaseModel):
    model_config = ConfigDict(frozen=True)


DeviceSecret = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
ShortText = Annotated[str, StringConstraints(max_length=200), AfterValidator(no_nul)]
Password = Annotated[Text, StringConstraints(min_length=1, max_length=LONGEST_TYPED)]
# Too short and too long are said as weak.
NewPassword = Text
Email = Annotated[Text, StringConstraints(max_length=254), AfterValidator(well_formed_email)]
AnyAddress = Annotated[Text, StringConstraints(max_length=254)]
Secret = Annotated[Text, StringConstraints(min_length=1, max_length=500)]


class NewDevice(Body):
    device_id: UUID
    device_secret: DeviceSecret | None = None
    name: ShortText | None = None
    platform: ShortText | None = None


class RefreshToken(Body):
    refresh_token: Secret


class Register(Body):
    """`invite_code` only where the server asks for one."""

    email: Email
    password: NewPassword
    display_name: ShortText | None = None
    invite_code: Secret | None = None


class LoginBody(Body):
    """`device_secret`, `name` and `platform` belong to a device that the login makes; data is merged unless it is said
    not to be."""

    email: AnyAddress
    password: Password
    device_id: UUID | None = None
    device_secret: DeviceSecret | None = None
    merge_anonymous_data: StrictBool | None = None
    name: ShortText | None = None
    platform: ShortText | None = None


class Logout(Body):
    discard: StrictBool = False


class ProfileChange(Body):
    display_name: ShortText | None = None


class PasswordChangeBody(Body):
    old: Password
    new: NewPassword


class ResetRequest(Body):
    email: AnyAddress


class ResetConfirmation(Body):
    code: Secret
    new_password: NewPassword


class Code(Body):
    code: Secret


class OperatorPassword(Body):
    password: NewPassword


class AdminBody(Body):
    email: Email
    password: NewPassword | None = None
    display_name: ShortText | None = None
    roles: Annotated[list[Role], Field(min_length=1)] = [Role.ADMIN]


class ErasedUsers(Body):
    user_ids: list[UUID]


class Rotation(Body):
    """`retire_at_once` ends all access tokens now: after a leak, or a restore."""

    retire_at_once: bool = False
