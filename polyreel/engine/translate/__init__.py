"""Drafting a script in another language: the port, the order of work, the glossary, and the time that each line has."""
