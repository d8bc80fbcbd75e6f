"""Back-transcription: what a listener understands of a dub, against what its script says."""
