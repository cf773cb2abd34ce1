"""Defence: what a shop does against attacks: controls, devices, detection and response, a check-up of this computer."""
