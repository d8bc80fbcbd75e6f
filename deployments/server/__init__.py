"""The Prefect server that polyreel starts, and what stands in front of it."""
