"""Python's collector of cycles, as the senders have it."""

import gc


def calm_collector() -> None:
    """Little of what a send makes is in cycles: they are looked for rarely, and not in what stays. Call it last."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 1_000)
