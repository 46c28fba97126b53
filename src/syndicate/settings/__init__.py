"""The settings: one frozen tree, a file for each of its larger branches."""
