"""Thin Prefect tasks, one per stage: retries, cache keys, progress."""
