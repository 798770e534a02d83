"""Judges every ping, completes it, and says which orders its asset carried: `python -m stream_processors.enrich`."""
