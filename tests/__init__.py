"""A package of its own: some distributions install a package called ``tests``, which would be found first."""
