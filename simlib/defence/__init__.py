"""Defence: controls, detection and response."""
