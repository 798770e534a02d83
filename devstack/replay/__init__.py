"""Sends a recorded CSV through the public API, faults and all."""
