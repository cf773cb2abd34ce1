"""Benchmarks: how fast the engines are beside peers, in one run; ``python -m benchmarks``."""
