"""From a live record to many sockets: one frame, fanned out, queued within bounds."""
