"""What every program of polyreel does at its start and at its end."""
