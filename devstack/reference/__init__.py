"""The reference pages of `docs/`, made from the code: `make docs` writes them, a test finds them out of date."""
