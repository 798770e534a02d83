"""An in-memory twin of what we use of Kafka, for fast tests; held to the same contract tests as the real adapters."""
