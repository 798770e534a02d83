"""PostgreSQL and Redis: one noun per file."""
