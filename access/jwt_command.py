"""`python -m access jwt`: makes a viewer's token, of a connection or of one subscription."""

import argparse
from pathlib import Path
from typing import Any

from access.claims import CapClaim
from access.commands import CommandError
from access.settings import AccessSettings
from access.token_key import HS256, BadKey
from access.token_maker import TokenMaker, TokenSigner, pem_signer
from access.viewer import Capability
from domain.instants import SECOND, Micros, format_rfc3339

MAX_KEY_BYTES = 65_536


def make_jwt(settings: AccessSettings, asked: argparse.Namespace, now: Micros) -> dict[str, Any]:
    """Makes the token that was asked for. Raises CommandError."""
    try:
        maker = TokenMaker(settings, lambda: now / SECOND, signer=_signer(asked))
        answer = _connection(maker, asked) if asked.sub_channel is None else _subscription(maker, asked)
    except ValueError as error:  # BadKey is one too
        raise CommandError(str(error)) from None
    expires_at = format_rfc3339(now // SECOND * SECOND + asked.valid_for)
    return answer | {"token_id": asked.jti, "expires_at": expires_at}


def _connection(maker: TokenMaker, asked: argparse.Namespace) -> dict[str, Any]:
    if asked.user is None or not (asked.fleet or asked.tenant):
        raise CommandError("a connection's token needs --user, and --fleet or --tenant")
    if asked.allow is not None:
        raise CommandError("--allow is of a subscription's token: say --capability 'CHANNEL=sub,pub'")
    named = [each for each in asked.capability or () if isinstance(each, str)]
    caps = [each for each in asked.capability or () if isinstance(each, CapClaim)]
    # With caps alone the names stay out of the token, which then allows nothing beyond the caps.
    names = named or (None if caps else [str(Capability.WATCH)])
    token = maker.make(
        user=asked.user,
        fleets=asked.fleet,
        capabilities=names,
        valid_for=asked.valid_for,
        tenant=asked.tenant,
        caps=caps or None,
        channels=asked.channel,
        token_id=asked.jti,
    )
    shown = {"token": token, "user": asked.user, "fleets": asked.fleet, "capabilities": names or []}
    return shown | {"caps": caps, "channels": asked.channel}


def _subscription(maker: TokenMaker, asked: argparse.Namespace) -> dict[str, Any]:
    if asked.fleet or asked.tenant or asked.capability or asked.channel:
        raise CommandError("a subscription's token opens --sub-channel alone: leave out what else it should see")
    token = maker.make_subscription(
        channel=asked.sub_channel,
        valid_for=asked.valid_for,
        user=asked.user or "",
        allow=asked.allow,
        token_id=asked.jti,
    )
    return {"token": token, "user": asked.user, "channel": asked.sub_channel, "allow": asked.allow}


def _signer(asked: argparse.Namespace) -> TokenSigner | None:
    if asked.algorithm == HS256:
        if asked.key_file is not None or asked.kid is not None:
            raise CommandError("HS256 is signed with JWT_HMAC_SECRET: leave out --key-file and --kid")
        return None
    if asked.key_file is None:
        raise CommandError(f"{asked.algorithm} needs --key-file")
    return pem_signer(asked.algorithm, _content(asked.key_file), asked.kid)


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_KEY_BYTES + 1)
    except OSError as error:
        raise CommandError(f"{path} cannot be read ({error.strerror})") from None
    if len(content) > MAX_KEY_BYTES:
        raise BadKey(f"{path} has more than {MAX_KEY_BYTES} bytes")
    return content
