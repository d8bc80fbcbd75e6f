"""What is written, as it is said: numbers, signs and abbreviations in each language's words."""
