"""What all tables share: one metadata with names for every constraint, so that migrations can name them too."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase

from domain.instants import Micros

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Table(DeclarativeBase):
    """The base of every table. Import `storage.postgres.schema` to have them all in the metadata."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def to_timestamp(instant: Micros) -> datetime:
    """An instant as PostgreSQL's timestamptz, which has whole microseconds too."""
    return _EPOCH + timedelta(microseconds=instant)


def from_timestamp(timestamp: datetime) -> Micros:
    """The instant of a timestamptz."""
    since = timestamp - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
