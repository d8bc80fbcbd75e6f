"""Where a reel comes from: `ingest` takes a path or an address and gives an artefact. One adapter per scheme."""
