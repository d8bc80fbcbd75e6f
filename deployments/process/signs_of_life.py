"""How often a run tells the server that it lives, and after how much silence it counts as dead."""

# A living run says so every 30 s (the shortest that Prefect allows); three silences are one too many.
HEARTBEAT_S = 30
SILENT_S = 3 * HEARTBEAT_S
