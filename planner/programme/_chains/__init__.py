"""Chains of sectors that cross from one EPCI, or part of one, to another: bounds and answers."""
