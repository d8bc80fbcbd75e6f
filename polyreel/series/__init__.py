"""What the jobs of a series share: who speaks with which voice, words that stay, lines that were approved."""
