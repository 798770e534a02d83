"""What is said of who follows what."""

import msgspec

from domain.instants import Micros


class Followed(msgspec.Struct, frozen=True):
    """That a user follows an interest."""

    interest: str
    since: Micros


class TooManyInterests(Exception):
    """The user follows as many as one may."""
