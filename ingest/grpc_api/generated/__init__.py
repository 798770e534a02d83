"""Made from `schemas/proto/` by `make proto`, and by nobody's hand."""
