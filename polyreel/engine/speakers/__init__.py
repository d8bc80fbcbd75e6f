"""Who speaks: by name in the script, by voice in the sound."""
