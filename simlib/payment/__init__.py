"""Payment: where the money is at each moment, kept by double entry (`ledger`)."""
