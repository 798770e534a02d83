"""The version that clients are told."""

VERSION = "fleetcast 0.1"
