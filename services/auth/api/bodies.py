"""What clients send. Unknown members are left alone: a newer client may say more."""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

from services.auth.domain import well_formed_email
from shared.values import Text, no_nul


class Body(BaseModel):
    model_config = ConfigDict(frozen=True)


DeviceSecret = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
ShortText = Annotated[str, StringConstraints(max_length=200), AfterValidator(no_nul)]
Password = Annotated[Text, StringConstraints(min_length=1, max_length=4096)]
Email = Annotated[Text, StringConstraints(max_length=254), AfterValidator(well_formed_email)]
Secret = Annotated[Text, StringConstraints(min_length=1, max_length=500)]


class NewDevice(Body):
    device_id: UUID
    device_secret: DeviceSecret | None = None
    name: ShortText | None = None
    platform: ShortText | None = None


class RefreshToken(Body):
    refresh_token: Secret
