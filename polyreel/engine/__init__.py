"""The embedded dubber: voices, sentences, fit, separation and mix, on the user's own machine."""
