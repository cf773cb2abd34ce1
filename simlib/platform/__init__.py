"""Platforms: where to sell, by whose rules, at what price, under which law.

`roles` says who does what and who holds whose data; `catalogue` names platforms; `fees` reckons what an order costs
there; `rules` turns violations into points and points into consequences; `credit` and `verification` say whom to
trust; `decision` helps before a shop opens; `jurisdictions` knows the clocks of the law.
"""
