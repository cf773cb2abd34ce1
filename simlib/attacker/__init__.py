"""Attackers: what somebody who means harm does to the shop, step by step, and what he takes with him."""
