"""Transcription: what is said in a track and when, and cues made of it. Also how a finished dub is listened to."""
