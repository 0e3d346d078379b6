"""Good answers among listed choices, and the branch and bound that proves which are the best."""
