"""`python -m benchmarks prove`: the guarantees, in full."""

import argparse
from collections.abc import Sequence

from benchmarks.proofs.table import PROOFS


def main(argv: Sequence[str]) -> int:
    """0: all that was asked for held. 1: something did not. 2: wrong arguments."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks prove", description=__doc__)
    parser.add_argument("proof", nargs="*", choices=[*PROOFS, []], help=f"which: {', '.join(PROOFS)} (all)")
    wanted = parser.parse_args(argv).proof or list(PROOFS)
    held = {}
    for name in wanted:
        print(f"\nproof: {name}", flush=True)
        held[name] = PROOFS[name]()
    print()
    for name, holds in held.items():
        print(f"{'held' if holds else 'DID NOT HOLD'}: {name}")
    return 0 if all(held.values()) else 1
