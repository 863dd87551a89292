"""Who may call a route. Every route declares exactly one policy; a test walks all routes and fails where none is.

A policy is one of those here, or a service's own that is marked as `policy`. A service puts its `TokenVerifier` at
`app.state.tokens` and its service token at `app.state.service_token`.
"""

import hmac
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Security
from fastapi.openapi.models import HTTPBearer
from fastapi.requests import HTTPConnection
from fastapi.security.base import SecurityBase
from fastapi.security.utils import get_authorization_scheme_param

from shared.errors import Forbidden, NotAuthenticated
from shared.tokens import Principal, Role, TokenVerifier

Policy = TypeVar("Policy", bound=Callable[..., Any])
POLICIES: set[Callable[..., Any]] = set()


def policy(function: Policy) -> Policy:
    """Marks a dependency as one that says who may call."""
    POLICIES.add(function)
    return function


def bearer_token(connection: HTTPConnection) -> str | None:
    """The bearer token of the request; None where there is none."""
    scheme, token = get_authorization_scheme_param(connection.headers.get("Authorization"))
    return token if scheme.lower() == "bearer" and token else None


class BearerScheme(SecurityBase):
    """Says in the OpenAPI document how a token is sent, for sockets too."""

    def __init__(self) -> None:
        self.model = HTTPBearer(bearerFormat="JWT")
        self.scheme_name = "bearer"

    async def __call__(self) -> None:
        """Nothing: the policy itself looks at the token."""


Described = Annotated[None, Security(BearerScheme())]


@policy
async def principal(connection: HTTPConnection, _: Described = None) -> Principal:
    """Policy: a valid access token of any role."""
    token = bearer_token(connection)
    if token is None:
        raise NotAuthenticated("send the access token as: Authorization: Bearer <token>")
    tokens: TokenVerifier = connection.app.state.tokens
    return await tokens.verify(token)


@policy
async def optional_principal(connection: HTTPConnection, _: Described = None) -> Principal | None:
    """Policy: anyone; but a token that is sent must be valid."""
    return await principal(connection) if "Authorization" in connection.headers else None


@policy
async def public() -> None:
    """Policy: anyone."""


@policy
async def service_only(connection: HTTPConnection) -> None:
    """Policy: the other services, by the service token."""
    token = bearer_token(connection)
    if token is None:
        raise NotAuthenticated("send the service token as: Authorization: Bearer <token>")
    if not hmac.compare_digest(token.encode(), connection.app.state.service_token.encode()):
        raise Forbidden("this is for the services themselves")


class RequireRole:
    """Policy: a valid access token with one of these roles."""

    def __init__(self, *roles: Role) -> None:
        self.roles = frozenset(roles)

    async def __call__(self, caller: Annotated[Principal, Depends(principal)]) -> Principal:
        if not self.roles & caller.roles:
            raise Forbidden(f"this needs one of the roles {', '.join(sorted(self.roles))}")
        return caller


Caller = Annotated[Principal, Depends(principal)]
MaybeCaller = Annotated[Principal | None, Depends(optional_principal)]
