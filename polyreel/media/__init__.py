"""Media: ffmpeg and its guards, probing, trimming, sound, muxing, packaging."""
