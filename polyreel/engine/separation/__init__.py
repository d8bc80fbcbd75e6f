"""Speech and background, parted."""
