"""The program: `python client.py TARGET PREFIX COUNT SECONDS`, with the generated code on its path, the credential in
CREDENTIAL, and nothing of this project.

It streams COUNT notifications with ids `PREFIX-0` and on, every tenth of them twice. When a stream breaks, it opens
another and sends again, with the same ids, what was not answered. Each line that it prints is a JSON object: how far it
is, and at the end what happened. It exits with 1 when it is not done after SECONDS.
"""

import asyncio
import importlib
import json
import os
import sys
import time
from collections import deque
from typing import Any

pb: Any = importlib.import_module("notifications_pb2")
stubs: Any = importlib.import_module("notifications_pb2_grpc")
grpc: Any = importlib.import_module("grpc")

RETRY_SECONDS = 0.1
TOLD_EVERY = 100


class Sending:
    """What is still to be sent, and what became of the rest."""

    def __init__(self, target: str, prefix: str, count: int) -> None:
        self._target = target
        self._metadata = [("authorization", f"Bearer {os.environ['CREDENTIAL']}")]
        self._todo: deque[str] = deque()
        for number in range(count):
            self._todo += [f"{prefix}-{number}"] * (2 if number % 10 == 0 else 1)
        self._unanswered: deque[str] = deque()
        self.acknowledged: set[str] = set()
        self.refused: list[str] = []
        self.counts = {"answered": 0, "streams": 0, "repeated": 0, "retryable": 0}

    async def run(self, until: float) -> bool:
        """Whether all was answered in time."""
        while self._todo and time.monotonic() < until:
            try:
                async with grpc.aio.insecure_channel(self._target) as channel:
                    await self._one_stream(stubs.NotificationsStub(channel), until)
            except grpc.aio.AioRpcError as error:
                if error.code() not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL):
                    raise
                await asyncio.sleep(RETRY_SECONDS)
        return not self._todo

    async def _one_stream(self, service: Any, until: float) -> None:
        self.counts["streams"] += 1
        call = service.SendStream(metadata=self._metadata, timeout=until - time.monotonic())
        writing = asyncio.create_task(self._write(call))
        try:
            while (reply := await call.read()) is not grpc.aio.EOF:
                self._take(reply)
        finally:
            writing.cancel()
            await asyncio.wait({writing})
            self.counts["repeated"] += len(self._unanswered)
            self._todo.extendleft(reversed(self._unanswered))
            self._unanswered.clear()

    async def _write(self, call: Any) -> None:
        while self._todo:
            each = self._todo.popleft()
            self._unanswered.append(each)
            user = f"u{each.rpartition('-')[2]}"
            await call.write(pb.SendRequest(type="message", user=user, title="Hello", id=each, data=b'{"of": "proof"}'))
        await call.done_writing()

    def _take(self, reply: Any) -> None:
        """Replies come in the order of the requests."""
        each = self._unanswered.popleft()
        if reply.HasField("problem"):
            if reply.problem.retryable:
                self.counts["retryable"] += 1
                self._todo.append(each)
            else:
                self.refused.append(f"{each}: {reply.problem.detail}")
            return
        if reply.id != each:
            raise RuntimeError(f"asked for {each}, answered {reply.id}")
        self.acknowledged.add(each)
        self.counts["answered"] += 1
        if self.counts["answered"] % TOLD_EVERY == 0:
            print(json.dumps({"answered": self.counts["answered"]}), flush=True)


async def main() -> int:
    """The exit code."""
    target, prefix, count, seconds = sys.argv[1:]
    sending = Sending(target, prefix, int(count))
    began = time.monotonic()
    done = await sending.run(began + float(seconds))
    ended = {**sending.counts, "acknowledged": len(sending.acknowledged), "refused": sending.refused}
    print(json.dumps({**ended, "done": done, "seconds": time.monotonic() - began}), flush=True)
    return 0 if done and not sending.refused else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
