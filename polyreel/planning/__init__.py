"""What is known before anything runs."""
