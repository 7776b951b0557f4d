"""Decide what to build: candidates, design problem, plan, check, report.

    import optimiser

    problem = optimiser.problem.load("problem.json")
    result = optimiser.solve(problem, params=optimiser.SolveParameters(time_limit_s=600))
    plan = optimiser.verify.check(problem, result)

Everything that `__init__.pyi` names is loaded on first use, so that importing the package is fast.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
