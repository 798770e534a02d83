"""Notifications: how many events a dispatcher takes, how late they are, and what a million followers cost."""
