"""Text front ends of the neural voices: from a line of words to the phonemes that a model was taught."""
