"""Kokoro-82M: neural voices, and how each language's text becomes the phonemes that they were taught."""
