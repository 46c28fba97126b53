"""What is subscribed to."""
