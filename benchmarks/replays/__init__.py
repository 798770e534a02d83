"""Recorded tracks, faults and all, sent down the whole road and held against a model of what is news."""
