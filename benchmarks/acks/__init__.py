"""Acknowledgements that come around the deadline, on a whole stack."""
