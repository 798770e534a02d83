"""Pushes that were put off and are due now: what came back with the phases `push` and `digest`."""

from collections.abc import Mapping, Sequence

from backbone.codec import AvroCodec
from domain.delivery_step import PushReceipt, Step
from domain.instants import Micros
from domain.notification import Phase
from domain.notification_types import NotificationTypes
from domain.preferences import DEFAULT, Preferences, PreferencesError, read_preferences
from domain.push_state import PushState
from push_service.dispatcher.handover import Handover
from push_service.dispatcher.outbox import Push
from push_service.dispatcher.phases import digest_content, digest_request, quiet_request
from push_service.dispatcher.push_plan import ANY_TYPE, Circumstances, PushPlan, Why, push_plan
from push_service.dispatcher.receipts import receipt_record, step_receipt
from runtime.fail_points import Reached, never
from storage.digests import Digest, DigestKey, DigestStore, Taken
from storage.preference_documents import PreferenceDocuments
from storage.push_decisions import NoticeKey, PushDecisionStore
from storage.scheduled import ScheduledPutting, ScheduledRequest

UserKey = tuple[str, str]
Returned = tuple[Phase, Push]


class DuePushes:
    """Every step may be done again. What the user wishes is asked anew: it may have changed meanwhile."""

    def __init__(
        self,
        *,
        decisions: PushDecisionStore,
        digests: DigestStore,
        scheduled: ScheduledPutting,
        documents: PreferenceDocuments,
        types: NotificationTypes,
        handover: Handover,
        codec: AvroCodec,
        reached: Reached = never,
    ) -> None:
        self._decisions = decisions
        self._digests = digests
        self._scheduled = scheduled
        self._documents = documents
        self._types = types
        self._handover = handover
        self._codec = codec
        self._reached = reached

    def returned(self, pushes: Sequence[Returned], now: Micros) -> None:
        """Push what may be pushed now, put off again what may not. Raises OutageError: do it again."""
        wishes = self._wishes(pushes)
        due: dict[Phase, list[Push]] = {Phase.PUSH: [], Phase.DIGEST: []}
        muted: dict[Phase, list[Push]] = {Phase.PUSH: [], Phase.DIGEST: []}
        later: list[ScheduledRequest] = []
        for phase, push in pushes:
            plan = self._plan(push, wishes[push.tenant, push.user], now)
            if plan.state is PushState.HELD and plan.until is not None:
                later.append(_again(phase, push, plan.until))
            else:
                (muted if plan.state is PushState.NONE else due)[phase].append(push)
        if later:
            self._scheduled.put(later)
            self._reached("returned.put-off")
        self._mute(muted, now)
        self._push(due[Phase.PUSH], now)
        self._digest(due[Phase.DIGEST], now)

    def _plan(self, push: Push, wish: Preferences, now: Micros) -> PushPlan:
        """As for a notification that comes now, to a user who is not connected; what has expired is looked at later."""
        name = push.content.type
        circumstances = Circumstances(wish, connected=False, recent=0, window_end=0)
        return push_plan(name, self._types.of(name) or ANY_TYPE, now + 1, circumstances, now)

    def _push(self, pushes: Sequence[Push], now: Micros) -> None:
        if pushes:
            self._decisions.release(push.key for push in pushes)
            self._reached("returned.released")
            self._handover.decide(pushes, now)

    def _digest(self, due: Sequence[Push], now: Micros) -> None:
        taken = self._digests.take([_digest_key(push) for push in due], now)
        if taken.digests:
            self._reached("returned.digest-taken")
        told = [receipt for digest in taken.digests for receipt in _left_out(digest, now)]
        told += _expired(taken, now)
        self._hand_over([_push_of(digest) for digest in taken.digests if digest.open], told, now)

    def _mute(self, muted: Mapping[Phase, Sequence[Push]], now: Micros) -> None:
        """The user has switched the pushes of the type off meanwhile."""
        keys = [push.key for push in muted[Phase.PUSH]]
        taken = self._digests.take([_digest_key(push) for push in muted[Phase.DIGEST]], now)
        for digest in taken.digests:
            keys += [NoticeKey(digest.key.tenant, digest.key.user, name) for name in (digest.newest, *digest.others)]
        if not keys and not taken.expired:
            return
        decided = self._decisions.cancel(keys)
        gone = decided.changed | {key for key, state in decided.others.items() if state is PushState.CANCELLED}
        told = [step_receipt(key, Step.CANCELLED, now, Why.MUTED) for key in sorted(gone)]
        self._hand_over([], told + _expired(taken, now), now)

    def _hand_over(self, pushes: Sequence[Push], told: Sequence[PushReceipt], now: Micros) -> None:
        self._handover.hand_over(pushes, now, [receipt_record(self._codec, receipt) for receipt in told])

    def _wishes(self, pushes: Sequence[Returned]) -> Mapping[UserKey, Preferences]:
        users = {(push.tenant, push.user) for _, push in pushes}
        return {user: _read(document) for user, document in self._documents.of(users).items()}


def _read(document: bytes) -> Preferences:
    """What nobody can read says nothing: rather a push too many than one too few."""
    try:
        return read_preferences(document)
    except PreferencesError:
        return DEFAULT


def _again(phase: Phase, push: Push, until: Micros) -> ScheduledRequest:
    if phase is Phase.DIGEST:
        return digest_request(push.tenant, push.user, push.content.type, until)
    return quiet_request(push, until)


def _digest_key(push: Push) -> DigestKey:
    return DigestKey(push.tenant, push.user, push.content.type, push.content.created_at)


def _push_of(digest: Digest) -> Push:
    return Push(
        tenant=digest.key.tenant,
        user=digest.key.user,
        id=digest.newest,
        content=digest_content(digest.content, 1 + len(digest.others)),
    )


def _left_out(digest: Digest, now: Micros) -> list[PushReceipt]:
    """The timelines of the others say which one is pushed for them."""
    keys = [NoticeKey(digest.key.tenant, digest.key.user, name) for name in digest.others]
    return [step_receipt(key, Step.CANCELLED, now, Why.DIGEST, digest.newest) for key in keys]


def _expired(taken: Taken, now: Micros) -> list[PushReceipt]:
    return [step_receipt(key, Step.EXPIRED, now) for key in taken.expired]
