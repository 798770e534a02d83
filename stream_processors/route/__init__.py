"""Tells subscribers of positions and status changes that are news: `python -m stream_processors.route`."""
