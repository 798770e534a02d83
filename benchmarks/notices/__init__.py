"""Notifications through the public APIs alone, while every part of their road is killed."""
