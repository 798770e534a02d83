"""The in-memory twins of what is stored, held to the same contract tests as the real stores."""
