"""What the routes work with: one value, made at start-up and found in every request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, cast

from fastapi import Depends, Request

from gateway.channels.https import HttpsChannel
from sftp.lockout import Lockout


@dataclass(frozen=True, slots=True)
class Services:
    """What there is.

    Args:
        channel: accounts, uploads and collections.
        ready: raises GatewayError while requests could not be served: the database is gone, intake is closed.
        lockout: counts the keys and certificates that opened nothing, by address; of this process.
    """

    channel: HttpsChannel
    ready: Callable[[], None]
    lockout: Lockout = field(default_factory=Lockout)


def services_of(request: Request) -> Services:
    """Those of the app that answers this request."""
    return cast(Services, request.app.state.services)


Serving = Annotated[Services, Depends(services_of)]
