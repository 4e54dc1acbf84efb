"""The fault campaign: writers under fire, and an independent judge of what the log then holds."""
