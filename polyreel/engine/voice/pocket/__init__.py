"""Pocket TTS (Kyutai) behind the voice port."""
