"""`python -m benchmarks bench|gateway|notifications|prove|push|requests`: how fast it is, and what it keeps."""

import sys
from collections.abc import Callable, Sequence

from benchmarks.gateway.command import main as gateway
from benchmarks.grpc_requests.cost import main as requests
from benchmarks.notifications.command import main as notifications
from benchmarks.proofs.command import main as prove
from benchmarks.push.command import main as push
from benchmarks.speed.command import main as bench

COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {
    "bench": bench,
    "gateway": gateway,
    "notifications": notifications,
    "prove": prove,
    "push": push,
    "requests": requests,
}


def main() -> int:
    """Returns the exit code of the command."""
    command = COMMANDS.get(sys.argv[1] if len(sys.argv) > 1 else "")
    if command is None:
        print(f"usage: python -m benchmarks {{{'|'.join(COMMANDS)}}} [--help]", file=sys.stderr)
        return 2
    try:
        return command(sys.argv[2:])
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
