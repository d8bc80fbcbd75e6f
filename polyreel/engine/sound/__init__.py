"""Sound as arrays: PCM, rates, loudness, stretch, mix."""
