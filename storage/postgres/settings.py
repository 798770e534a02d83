"""How to reach PostgreSQL."""

from pydantic import Field, SecretStr, field_validator
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from runtime.settings import Section

DRIVER = "postgresql+psycopg"


class PostgresSettings(Section, section="POSTGRES"):
    """Where PostgreSQL is, and how much of it one process may use."""

    url: SecretStr = Field(
        description="postgresql://user:password@host:port/database; anything libpq knows may follow as a query, "
        "such as ?sslmode=verify-full&sslrootcert=/etc/ca.pem or target_session_attrs=read-write."
    )
    pool_size: int = Field(default=8, ge=1, le=200, description="Connections that one process may hold at a time.")
    connect_seconds: float = Field(default=5.0, gt=0, description="What connecting may take.")
    statement_seconds: float = Field(default=5.0, gt=0, description="What one statement may take at the server.")

    @field_validator("url")
    @classmethod
    def _is_postgres(cls, url: SecretStr) -> SecretStr:
        try:
            parsed = make_url(url.get_secret_value())
        except ArgumentError:
            raise ValueError("is not a URL") from None
        if parsed.drivername not in ("postgresql", "postgres", DRIVER):
            raise ValueError("must begin with postgresql://")
        if not parsed.database:
            raise ValueError("names no database")
        return url

    @property
    def address(self) -> URL:
        """The URL as SQLAlchemy wants it. Its text form hides the password."""
        return make_url(self.url.get_secret_value()).set(drivername=DRIVER)
