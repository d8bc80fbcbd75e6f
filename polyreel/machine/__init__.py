"""This machine: where polyreel keeps its things, files made whole, locks, memory."""
