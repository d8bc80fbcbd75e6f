"""TTML and its profiles: IMSC 1.1, EBU-TT-D, Netflix's, DAPT. One reader for all of them, one writer per profile."""
