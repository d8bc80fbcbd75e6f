"""Media: ffmpeg and its guards, probing, trimming, sound, tracks, muxing."""
