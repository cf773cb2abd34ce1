"""Defence: what a shop can do against attacks, how it finds them out, and how it answers."""
