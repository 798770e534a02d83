"""What each provider is handed, built from a push request. No I/O."""
