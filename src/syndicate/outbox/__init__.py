"""What is owed to channels, and what was done."""
