"""What a client may ask: one file a command, all listed in `table.py`."""
