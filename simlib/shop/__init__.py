"""The shop: who comes and buys (`customers`), and what lies on the shelf (`stock`)."""
