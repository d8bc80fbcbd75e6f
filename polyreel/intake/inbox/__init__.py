"""An inbox: job files left in a folder or below a prefix, each taken once."""
