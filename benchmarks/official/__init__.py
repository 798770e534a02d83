"""The official SDKs, unmodified, as watchers of channels: npm `centrifuge` on Node, and PyPI `centrifuge-python`."""
