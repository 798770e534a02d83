"""From a batch of notifications to those that nobody has told before, each with the plan for its push."""

from collections.abc import Sequence

import msgspec
import structlog

from domain.instants import Micros
from domain.notification_types import NotificationTypes
from domain.preferences import DEFAULT, Preferences, PreferencesError, read_preferences
from push_service.dispatcher.incoming import Incoming
from push_service.dispatcher.push_plan import ANY_TYPE, Circumstances, PushPlan, push_plan
from storage.notices import Answer, Asked, NoticeStore, Verdict
from storage.preference_documents import PreferenceDocuments

log = structlog.get_logger(__name__)

MAX_READ = 10_000
"""Preferences kept as they were read: most users have one of a few documents."""


_Owner = tuple[str, str]
"""(tenant, user)"""


class Classified(msgspec.Struct, frozen=True):
    """One that is to be told, as far as Redis knows."""

    incoming: Incoming
    verdict: Verdict
    plan: PushPlan


class Classifier:
    """Asks Redis once for a batch, and PostgreSQL for preferences that Redis does not have. Not thread-safe."""

    def __init__(self, notices: NoticeStore, documents: PreferenceDocuments, types: NotificationTypes) -> None:
        self._notices = notices
        self._documents = documents
        self._kinds = {name: types.of(name) or ANY_TYPE for name in types.names()}
        self._windows = {name: kind.digest.seconds for name, kind in self._kinds.items() if kind.digest is not None}
        self._read: dict[str, Preferences] = {"": DEFAULT}

    def classify(self, batch: Sequence[Incoming], now: Micros) -> list[Classified]:
        """Those of the batch that are not known to be duplicates, in order. Raises OutageError."""
        answers = self._notices.classify([self._asked(each) for each in batch], now)
        planned: list[Classified | None] = []
        waiting: list[tuple[int, Incoming, Answer]] = []
        for incoming, answer in zip(batch, answers, strict=True):
            if answer.verdict is Verdict.DUPLICATE:
                continue
            if answer.preferences is None:
                waiting.append((len(planned), incoming, answer))
                planned.append(None)
            else:
                planned.append(self._planned(incoming, answer, answer.preferences, now))
        documents = self._unknown({_owner(each) for _, each, _ in waiting}, now)
        for place, incoming, answer in waiting:
            planned[place] = self._planned(incoming, answer, documents[_owner(incoming)].decode(), now)
        return [each for each in planned if each is not None]

    def _planned(self, incoming: Incoming, answer: Answer, document: str, now: Micros) -> Classified:
        content = incoming.told.content
        kind = self._kinds.get(content.type, ANY_TYPE)
        circumstances = Circumstances(self._preferences(document), answer.connected, answer.recent, answer.window_end)
        plan = push_plan(content.type, kind, content.expires_at, circumstances, now)
        return Classified(incoming, answer.verdict, plan)

    def _asked(self, incoming: Incoming) -> Asked:
        told, content = incoming.told, incoming.told.content
        window = self._windows.get(content.type, 0)
        return Asked(
            told.tenant,
            told.user,
            told.id,
            incoming.place,
            content.type,
            window,
            content.match_key,
            content.match_version,
        )

    def _unknown(self, owners: set[_Owner], now: Micros) -> dict[_Owner, bytes]:
        """The documents of users of whom Redis has none. They are put there."""
        if not owners:
            return {}
        found = self._documents.of(owners)
        self._notices.remember(found, now)
        return found

    def _preferences(self, document: str) -> Preferences:
        known = self._read.get(document)
        if known is None:
            if len(self._read) >= MAX_READ:
                self._read = {"": DEFAULT}
            known = self._read[document] = _readable(document)
        return known


def _owner(incoming: Incoming) -> _Owner:
    return (incoming.told.tenant, incoming.told.user)


def _readable(document: str) -> Preferences:
    """Of a document that cannot be read nothing is known, and the user is told everything."""
    try:
        return read_preferences(document.encode())
    except PreferencesError as error:
        log.warning("preferences cannot be read", problem=str(error))
        return DEFAULT
