"""The real work behind the vendors' answers: probing, cutting, packaging and dubbing media."""
