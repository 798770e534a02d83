"""The command line of `python -m access`."""

import argparse
from pathlib import Path

from access.capabilities import CapabilityError, Permission, channel_cap
from access.claims import CapClaim
from access.durations import DurationError, parse_duration
from access.token_key import ALGORITHMS, HS256
from access.viewer import Capability
from domain.ids import IdError, check_id
from domain.instants import Micros


def parser() -> argparse.ArgumentParser:
    """`command` of the result is create, list, revoke, limits or jwt."""
    root = argparse.ArgumentParser(prog="python -m access", description="Credentials and viewers' tokens.")
    commands = root.add_subparsers(metavar="COMMAND", required=True)
    credential = commands.add_parser("credential", help="credentials of devices and back ends (in PostgreSQL)")
    actions = credential.add_subparsers(metavar="ACTION", required=True)
    _add_create(actions.add_parser("create", help="make one; its secret is shown once"))
    _add_list(actions.add_parser("list", help="show those there are, without secrets"))
    _add_revoke(actions.add_parser("revoke", help="withdraw one for ever; takes effect within about a second"))
    _add_limits(actions.add_parser("limits", help="set or take back its own rate limit"))
    _add_limits(commands.add_parser("limits", help="the same as `credential limits`"))
    _add_jwt(commands.add_parser("jwt", help="make a viewer's token for development"))
    return root


def _add_create(create: argparse.ArgumentParser) -> None:
    create.set_defaults(command="create")
    create.add_argument("--kind", choices=["device", "backend"], required=True)
    owner = create.add_mutually_exclusive_group(required=True)
    owner.add_argument("--fleet", type=_id, help="the fleet, such as acme or acme.eu")
    owner.add_argument("--tenant", type=_id, help="every fleet of a tenant (back ends only)")
    create.add_argument("--device-id", type=_id, metavar="ID", help="the device; it is shown on its pings")
    create.add_argument("--asset", type=_id, action="append", default=[], help="it speaks for; repeat for more")
    create.add_argument("--expires-in", type=_duration, metavar="TIME", help="such as 90d; without it, never")
    create.add_argument("--name", help="what people call it")
    _add_json(create)


def _add_list(list_: argparse.ArgumentParser) -> None:
    list_.set_defaults(command="list")
    list_.add_argument("--fleet", type=_id, help="of this fleet only")
    list_.add_argument("--tenant", type=_id, help="of this tenant only")
    _add_json(list_)


def _add_revoke(revoke: argparse.ArgumentParser) -> None:
    revoke.set_defaults(command="revoke")
    revoke.add_argument("id", metavar="ID", help="the part of the credential between the underscores")
    _add_json(revoke)


def _add_limits(limits: argparse.ArgumentParser) -> None:
    limits.set_defaults(command="limits")
    limits.add_argument("id", metavar="ID", help="the part of the credential between the underscores")
    limits.add_argument("--rate", type=_rate, help="items per second; without it, the default of its kind")
    limits.add_argument("--burst", type=_burst, help="items at once; without it, the default of its kind")
    _add_json(limits)


def _add_jwt(jwt: argparse.ArgumentParser) -> None:
    jwt.set_defaults(command="jwt")
    jwt.add_argument("--user", type=_id, help="whose it is; without it, --sub-channel makes a public link")
    jwt.add_argument("--fleet", type=_id, action="append", default=[], help="a fleet to see; repeat for more")
    jwt.add_argument("--tenant", type=_id, help="the user's; without it, that of the fleets")
    jwt.add_argument("--for", dest="valid_for", type=_duration, default="1h", metavar="TIME", help="such as 1h")
    jwt.add_argument(
        "--capability",
        type=_capability,
        action="append",
        metavar="WHAT",
        help=f"{' or '.join(Capability)}, or channels and what is allowed there, such as 'order:acme/*=sub,pub' "
        f"({', '.join(Permission)}); repeat for more; without it, watch",
    )
    jwt.add_argument("--channel", action="append", default=[], help="to subscribe to on connect; repeat for more")
    jwt.add_argument(
        "--sub-channel", metavar="CHANNEL", help="make a subscription's token instead, which opens this channel"
    )
    jwt.add_argument(
        "--allow", type=_permissions, metavar="WHAT", help="of a subscription's token: sub,pub,prs,hst; else sub,hst"
    )
    jwt.add_argument("--jti", metavar="ID", help="the token's id, by which it can be revoked")
    jwt.add_argument("--algorithm", choices=ALGORITHMS, default=HS256)
    jwt.add_argument("--key-file", type=Path, metavar="FILE", help="the private key in PEM, for RS256 and ES256")
    jwt.add_argument("--kid", metavar="ID", help="the key's id, as the published key set has it")
    _add_json(jwt)


def _add_json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="print JSON for machines")


def _id(text: str) -> str:
    try:
        return check_id(text)
    except IdError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _capability(text: str) -> str | CapClaim:
    """A name, or the caps of one pattern."""
    channel, equals, allow = text.partition("=")
    if not equals:
        return text
    allowed = _permissions(allow)
    try:
        channel_cap([channel], "wildcard", allowed)
    except CapabilityError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return CapClaim(channels=[channel], allow=allowed, match="wildcard")


def _permissions(text: str) -> list[str]:
    permissions = text.split(",")
    if not all(each in Permission.__members__.values() for each in permissions):
        raise argparse.ArgumentTypeError(f"what is allowed is some of {','.join(Permission)}")
    return permissions


def _duration(text: str) -> Micros:
    try:
        return parse_duration(text)
    except DurationError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0 < rate <= 1_000_000:
        raise argparse.ArgumentTypeError("a rate is a number above 0, up to 1000000 per second")
    return rate


def _burst(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text[:10]) <= 1_000_000:
        raise argparse.ArgumentTypeError("a burst is a whole number from 1 to 1000000")
    return int(text)
