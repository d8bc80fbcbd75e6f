"""Where a finished job goes: one port, one adapter per kind of place."""
