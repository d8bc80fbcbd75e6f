"""Only the order of the stages."""
