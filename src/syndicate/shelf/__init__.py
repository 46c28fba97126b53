"""Where feeds go."""
