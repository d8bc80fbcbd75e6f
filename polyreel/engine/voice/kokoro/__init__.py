"""Kokoro-82M: neural voices, and how each language's text becomes the phonemes that they were taught."""

NAME = "kokoro"
"""The engine's name, for whoever asks for no more of it."""
