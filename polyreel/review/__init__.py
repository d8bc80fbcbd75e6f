"""What people decide on a language's script and dub, and the script's versions that come of it."""
