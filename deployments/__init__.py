"""Every way in: command line, served deployments, schedules, callbacks."""
