"""Voices behind one port: text in, samples out."""
