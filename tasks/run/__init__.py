"""What every stage shares: progress, slots, keys, cost, and what the Prefect UI shows."""
