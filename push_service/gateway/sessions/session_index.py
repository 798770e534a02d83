"""The sessions of this gateway that have said who they are: by user, and by the tokens that they came with."""

from collections.abc import Iterator

from push_service.gateway.sessions.session import Session

_Entries = dict[str, Session | dict[Session, None]]
"""Most users and tokens have one session: only further ones cost a collection."""


class SessionIndex:
    """Kept in step by those who open, refresh and close sessions. Names of users and tokens are the tenant's own."""

    def __init__(self) -> None:
        self._sessions: dict[Session, None] = {}
        self._users: _Entries = {}
        self._tokens: _Entries = {}

    def __iter__(self) -> Iterator[Session]:
        """All of them, as they are now."""
        return iter(tuple(self._sessions))

    def __len__(self) -> int:
        return len(self._sessions)

    def join(self, session: Session) -> None:
        """The session has a viewer from now on."""
        assert session.viewer is not None
        self._sessions[session] = None
        _add(self._users, _name(session.viewer.tenant, session.viewer.user), session)
        self.holds(session, session.viewer.tenant, session.viewer.token_id)

    def leave(self, session: Session) -> None:
        """It is over. Unknown ones are ignored; tokens of its subscriptions are let go with these."""
        if session in self._sessions and session.viewer is not None:
            del self._sessions[session]
            _remove(self._users, _name(session.viewer.tenant, session.viewer.user), session)
            self.lets_go(session, session.viewer.tenant, session.viewer.token_id)

    def holds(self, session: Session, tenant: str, token_id: str | None) -> None:
        """The session, or one of its subscriptions, rests on a token. None: one without an id."""
        if token_id is not None:
            _add(self._tokens, _name(tenant, token_id), session)

    def lets_go(self, session: Session, tenant: str, token_id: str | None) -> None:
        """Nothing of the session rests on the token any more."""
        if token_id is not None:
            _remove(self._tokens, _name(tenant, token_id), session)

    def of_user(self, tenant: str, user: str) -> tuple[Session, ...]:
        """The sessions of a user."""
        return _all(self._users, _name(tenant, user))

    def of_token(self, tenant: str, token_id: str) -> tuple[Session, ...]:
        """The sessions that rest on a token, or have a subscription that does."""
        return _all(self._tokens, _name(tenant, token_id))


def _name(tenant: str, name: str) -> str:
    return f"{tenant}/{name}"  # a tenant has no slash


def _add(entries: _Entries, name: str, session: Session) -> None:
    found = entries.get(name)
    if found is None or found is session:
        entries[name] = session
    elif isinstance(found, Session):
        entries[name] = {found: None, session: None}
    else:
        found[session] = None


def _remove(entries: _Entries, name: str, session: Session) -> None:
    found = entries.get(name)
    if found is session:
        del entries[name]
    elif isinstance(found, dict):
        found.pop(session, None)
        if not found:
            del entries[name]


def _all(entries: _Entries, name: str) -> tuple[Session, ...]:
    found = entries.get(name)
    if found is None:
        return ()
    return (found,) if isinstance(found, Session) else tuple(found)
