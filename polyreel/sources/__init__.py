"""Where a reel comes from: `ingest` takes a path or an address and gives a stored file. One adapter per scheme."""
