"""The proofs of `python -m benchmarks prove`: one file each, listed in `proofs/table.py`."""
