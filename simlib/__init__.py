"""Safe Shop Lab's simulation library: a shop, its customers' data and its money, from visit to review."""
