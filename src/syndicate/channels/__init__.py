"""Where posts go: one file a network."""
