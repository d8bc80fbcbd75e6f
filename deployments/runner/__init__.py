"""Serves deployments, and looks after their runs."""
