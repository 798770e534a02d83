"""What must never be lost and is asked by key: rows in PostgreSQL. One noun per file."""
