"""Libraries whose videos can be a job's source (``nomad:ID``), or a batch's (every video in a folder)."""
