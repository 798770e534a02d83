"""`python -m devstack replay FILE`."""

import sys

from devstack.replay.command import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
