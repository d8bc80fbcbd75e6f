"""Inboxes: places where job files are left to be done. Each is taken once, and put aside with its outcome."""
