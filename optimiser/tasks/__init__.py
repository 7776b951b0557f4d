"""Do many independent tasks: in this process, in child processes, or on a Dask cluster.

A command makes a sequence of `Task`, asks `executor_of` for an executor as the user chose, and calls
`run_tasks`. Tasks are named by their content: those that were done before are not done again, on whatever
executor, and the outcomes do not depend on the executor.
"""

from optimiser.tasks.running import TaskProgress, executor_of, run_tasks
from optimiser.tasks.task import Contents, Executor, Outcome, Task, address_of

__all__ = [
    "Contents", "Executor", "Outcome", "Task", "TaskProgress", "address_of", "executor_of", "run_tasks",
]  # fmt: skip
