"""What a push costs the senders, beside a bare loop of the same HTTP client."""
