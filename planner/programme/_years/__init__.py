"""Questions with years: which sector opens in which, bounded and answered.

:func:`.ways.solve_years` chooses the way by the size of the question.
"""
