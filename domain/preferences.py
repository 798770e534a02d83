"""How a user wants to be told: switches for each type and channel, and quiet hours in the user's own time zone.

The inbox keeps everything, whatever is switched off.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from domain.instants import Micros

HOUR_RULE = "a time of day, 00:00 to 23:59"
MAX_TYPES = 200
"""Types that one document may name."""

_HOUR = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
_ZONE = re.compile(r"[A-Za-z0-9_+/-]{1,64}", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class PreferencesError(ValueError):
    """The document is not one of preferences. `path` is a JSON pointer to what is wrong, `detail` the rule."""

    def __init__(self, path: str, detail: str) -> None:
        super().__init__(f"{path or '/'}: {detail}")
        self.path = path
        self.detail = detail


class Channels(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """By which ways somebody is told."""

    live: bool = True
    """Shown on open sockets at once."""
    push: bool = True
    """Sent to phones and browsers when no socket acknowledged."""


class QuietHours(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every day from `start` until `end`, by the clock of `zone`; over midnight when `end` is the earlier one."""

    start: str
    """`22:00`"""
    end: str
    """`07:30`"""
    zone: str = "UTC"
    """A name of the IANA time zone database: `Europe/London`."""

    def ends_at(self, now: Micros) -> Micros | None:
        """When the quiet hours end that `now` is in; None outside of them.

        On the days when clocks change: an end that the clock skips is as much later as it skips; of an end that comes
        twice it is the first, unless that is over.
        """
        zone = ZoneInfo(self.zone)
        start, end = _clock_time(self.start), _clock_time(self.end)
        local = (_EPOCH + timedelta(microseconds=now)).astimezone(zone)
        at = local.time()
        if start < end:
            if not start <= at < end:
                return None
            day = local.date()
        elif at >= start:
            day = local.date() + timedelta(days=1)
        elif at < end:
            day = local.date()
        else:
            return None
        first, second = (_instant(day, end, zone, fold) for fold in (0, 1))
        return first if first > now else max(second, now + 1)


class Preferences(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one user has chosen; a user who chose nothing has `Preferences()`."""

    all: Channels = Channels()
    """What holds for every type: what is off here is off."""
    types: dict[str, Channels] = {}
    """What holds for a type, by its name."""
    quiet_hours: QuietHours | None = None

    def channels(self, notification_type: str) -> Channels:
        """By which ways the user is told of this type."""
        own = self.types.get(notification_type)
        if own is None:
            return self.all
        return Channels(live=self.all.live and own.live, push=self.all.push and own.push)

    def quiet_until(self, now: Micros) -> Micros | None:
        """When the quiet hours end that `now` is in; None when it is in none."""
        return None if self.quiet_hours is None else self.quiet_hours.ends_at(now)


DEFAULT = Preferences()


def read_preferences(document: bytes) -> Preferences:
    """Preferences of a JSON document; an empty one says nothing. Raises PreferencesError."""
    if not document:
        return DEFAULT
    try:
        read = msgspec.json.decode(document, type=Preferences)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at `$")
        raise PreferencesError(_pointer(where.rstrip("`")), what) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise PreferencesError("", "not JSON") from None
    _check(read)
    return read


def write_preferences(preferences: Preferences) -> bytes:
    """The document, as it is stored."""
    return msgspec.json.encode(preferences)


def _check(read: Preferences) -> None:
    if len(read.types) > MAX_TYPES:
        raise PreferencesError("/types", f"names more than {MAX_TYPES} types")
    quiet = read.quiet_hours
    if quiet is None:
        return
    for name, said in (("start", quiet.start), ("end", quiet.end)):
        if _HOUR.fullmatch(said) is None:
            raise PreferencesError(f"/quiet_hours/{name}", f"must be {HOUR_RULE}")
    if quiet.start == quiet.end:
        raise PreferencesError("/quiet_hours/end", "must be another time than the start")
    if not _is_zone(quiet.zone):
        raise PreferencesError("/quiet_hours/zone", "must be a time zone of the IANA database, such as Europe/London")


def _is_zone(name: str) -> bool:
    if _ZONE.fullmatch(name) is None:
        return False
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a directory of the database is an OSError
        return False
    return True


def _clock_time(said: str) -> time:
    hour, _, minute = said.partition(":")
    return time(int(hour), int(minute))


def _instant(day: date, at: time, zone: ZoneInfo, fold: int) -> Micros:
    moment = datetime.combine(day, at, zone).replace(fold=fold)
    return (moment.astimezone(UTC) - _EPOCH) // timedelta(microseconds=1)


def _pointer(path: str) -> str:
    """`.quiet_hours.start` as `/quiet_hours/start`; `[...]` stands for any key, as msgspec names none."""
    return path.replace("[...]", "").replace(".", "/")
