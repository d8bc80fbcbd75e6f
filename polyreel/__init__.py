"""polyreel's core: one reel in, every language out. Pure Python, no workflow framework."""
