"""One port for dubbing, and its adapters."""
