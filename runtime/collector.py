"""Python's collector of cycles, as a process has it that handles many small things."""

import gc


def calm_collector() -> None:
    """Records, requests and sockets make hardly any cycles, and to look for them through all that lives was a fifth of
    the CPU time of a request: they are looked for rarely, and not in what stays. Call it when all is composed.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 1_000)
