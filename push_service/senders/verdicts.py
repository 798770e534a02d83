"""What follows from an outcome: see the table in `sender.py`. No I/O."""

from domain.delivery_step import Step
from domain.errors import PermanentError
from domain.instants import Micros
from domain.push_state import PushState
from push_service.senders.circuit import Circuit
from push_service.senders.hygiene import Hygiene
from push_service.senders.pool import Call
from push_service.senders.retries import next_try
from push_service.senders.sender import (
    Accepted,
    Ambiguous,
    Misconfigured,
    OurFault,
    Scope,
    Temporary,
    Throttled,
    TokenMoved,
    TooLarge,
    Unregistered,
    outcome_name,
)
from push_service.senders.work import TokenChange, Told, Verdict, Work

_OVER = frozenset({PushState.SENT, PushState.FAILED, PushState.EXPIRED})
_PREVENTED = frozenset({PushState.ACKED, PushState.CANCELLED})


class Verdicts:
    """Of one channel."""

    def __init__(self, circuit: Circuit, hygiene: Hygiene) -> None:
        self._circuit = circuit
        self._hygiene = hygiene

    def of_call(self, work: Work, call: Call) -> Verdict:
        """After the provider was called, or our own limits kept it from being called."""
        attempted = Told(Step.ATTEMPTED, outcome_name(call.outcome))
        match call.outcome:
            case Accepted(provider_id=name, environment=environment):
                told = attempted._replace(provider_id=name)
                change = None if environment is None else TokenChange(environment=environment)
                return Verdict(work, call.at, (told,), finished=PushState.SENT, token=change)
            case TokenMoved(provider_id=name):
                told = attempted._replace(provider_id=name)
                change = TokenChange(moved=call.outcome.push_token)
                return Verdict(work, call.at, (told,), finished=PushState.SENT, token=change)
            case TooLarge(detail=detail):
                return _buried(work, call, PermanentError("too-large", detail))
            case OurFault(reason=reason, detail=detail):
                return _buried(work, call, PermanentError(reason, detail))
            case Unregistered():
                return self._unregistered(work, call, call.outcome)
        return self._later(work, call)

    def _unregistered(self, work: Work, call: Call, outcome: Unregistered) -> Verdict:
        told: tuple[Told, ...] = (Told(Step.ATTEMPTED, outcome_name(outcome), outcome.reason),)
        if not self._hygiene.believes(outcome, work.push):
            return again(work, call.at, told, outcome.reason, None)
        told = (*told, Told(Step.FAILED, outcome.reason, "the push token is no use any more"))
        return Verdict(work, call.at, told, finished=PushState.FAILED, token=TokenChange(disable=outcome.reason))

    def _later(self, work: Work, call: Call) -> Verdict:
        outcome = call.outcome
        assert isinstance(outcome, Throttled | Temporary | Ambiguous | Misconfigured)
        attempted = (Told(Step.ATTEMPTED, outcome_name(outcome), outcome.reason),) if call.made else ()
        match outcome:
            case Misconfigured(stops=True) | Throttled(scope=Scope.PROJECT):
                held = True
            case Temporary() | Ambiguous():
                # The provider is down for everybody: nothing is spilled, all of it waits where it is.
                held = not self._circuit.closed
            case _:
                held = False
        if held:
            return Verdict(work, call.at, attempted, held=True)
        wait = outcome.retry_after if isinstance(outcome, Throttled | Temporary) else None
        return again(work, call.at, attempted, outcome.reason, wait)


def again(work: Work, at: Micros, told: tuple[Told, ...], reason: str, wait: float | None) -> Verdict:
    """Tried again after `wait` seconds or more, unless its time ends before."""
    retry = next_try(work, at, reason, wait)
    if retry is None:
        return Verdict(work, at, (*told, Told(Step.EXPIRED, None, f"after {reason}")), finished=PushState.EXPIRED)
    return Verdict(work, at, (*told, Told(Step.RETRIED, reason, f"after {retry.delay}")), retry=retry)


def expired(work: Work, now: Micros) -> Verdict:
    """Its time ended before it was sent."""
    return Verdict(work, now, (Told(Step.EXPIRED),), finished=PushState.EXPIRED)


def refused(work: Work, state: PushState | None, now: Micros) -> Verdict:
    """It may not be sent (any more). None: there is no such notification (any more)."""
    if state in _OVER:
        return Verdict(work, now)  # it was finished before, and told
    told = (Told(Step.CANCELLED, "gone" if state is None else state.value),)
    # An earlier try of ours may have taken it and put it off: then it would be `sending` for ever.
    return Verdict(work, now, told, finished=state if state in _PREVENTED else None)


def unreachable(work: Work, now: Micros) -> Verdict:
    """Its installation was removed, deactivated, or is another user's now."""
    told = (Told(Step.CANCELLED, "no-installation"),)
    return Verdict(work, now, told, finished=PushState.FAILED)


def _buried(work: Work, call: Call, error: PermanentError) -> Verdict:
    told = (
        Told(Step.ATTEMPTED, outcome_name(call.outcome), error.detail),
        Told(Step.FAILED, error.reason, error.detail),
    )
    return Verdict(work, call.at, told, finished=PushState.FAILED, buried=error)
