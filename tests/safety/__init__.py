"""Nothing leaks, nothing executes: canaries through every sink, hostile text through every view."""
