"""Panels: the only room where widgets live; everything they show is computed and drawn elsewhere."""
