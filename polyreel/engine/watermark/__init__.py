"""The inaudible watermark: PerthNet's mark laid into synthetic speech, and looked for in any sound. Without torch."""
