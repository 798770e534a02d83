"""One time limit for many calls at a time."""

import asyncio
from types import TracebackType


class TimeLimit:
    """What `asyncio.timeout(seconds)` is to one call. That sets a timer for each and takes it back, which is a tenth of
    what a send costs; as the limit is the same for all, whoever began first ends first, and one timer is enough.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._under_way: dict[Limited, float] = {}  # when they began: the first comes first
        self._timer: asyncio.TimerHandle | None = None

    def of_task(self) -> "Limited":
        """For the calls of the task that asks."""
        task = asyncio.current_task()
        assert task is not None
        return Limited(self, task)

    def begin(self, call: "Limited") -> None:
        """It has so much time from now."""
        loop = asyncio.get_running_loop()
        self._under_way[call] = loop.time()
        if self._timer is None:
            self._timer = loop.call_later(self._seconds, self._look)

    def end(self, call: "Limited") -> bool:
        """Whether it was in time."""
        return self._under_way.pop(call, None) is not None

    def _look(self) -> None:
        """Give up those whose time is over, and look again when that of the next is."""
        loop = asyncio.get_running_loop()
        self._timer = None
        while self._under_way:
            call, began = next(iter(self._under_way.items()))
            left = began + self._seconds - loop.time()
            if left > 0.0:
                self._timer = loop.call_later(left, self._look)
                return
            del self._under_way[call]
            call.task.cancel()


class Limited:
    """`with limited:` around each call of one task, one after the other: raises TimeoutError when its time is over."""

    __slots__ = ("_limit", "task")

    def __init__(self, limit: TimeLimit, task: asyncio.Task[object]) -> None:
        self._limit = limit
        self.task = task

    def __enter__(self) -> None:
        self._limit.begin(self)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _at: TracebackType | None
    ) -> None:
        # Of two who cancelled the task, the other one has the last word.
        if not self._limit.end(self) and self.task.uncancel() == 0 and kind is asyncio.CancelledError:
            raise TimeoutError from error
