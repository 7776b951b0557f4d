"""Choose what does tasks, as the user asked."""

from __future__ import annotations

from optimiser.engine.search.task import cores
from optimiser.problem.errors import EnvironmentFault, JobError
from optimiser.tasks.child_processes import ChildProcesses
from optimiser.tasks.in_process import InProcess
from optimiser.tasks.task import Executor

CLUSTERS = ("none", "local")
"""What may do tasks on this machine besides this process: child processes of its own, or a Dask cluster."""


def executor_of(
    *, workers: int | None = None, cluster: str = "none", scheduler: str | None = None
) -> Executor:
    """Return what does tasks; it is used as a context manager.

    Parameters
    ----------
    workers
        Tasks at a time on this machine, each in a process of its own; 0: one after another in this process,
        without limits; None: one a core. An existing scheduler has workers of its own.
    cluster
        One of `CLUSTERS`: child processes of this one, or a Dask cluster on this machine.
    scheduler
        Address of an existing Dask scheduler, such as "tcp://10.0.0.1:8786".

    Raises
    ------
    EnvironmentFault
        When Dask is asked for and not installed.
    JobError
        When the choices contradict each other.
    """
    if cluster not in CLUSTERS:
        raise JobError(f"the cluster {cluster!r} is unknown", remedy=f"Choose one of {', '.join(CLUSTERS)}.")
    if scheduler is not None and (cluster != "none" or workers is not None):
        raise JobError(
            "an existing scheduler has workers of its own",
            where=scheduler,
            remedy="Leave out --workers and --cluster, or --scheduler.",
        )
    if scheduler is None and cluster == "none":
        return InProcess() if workers == 0 else ChildProcesses(workers or cores())
    try:
        from optimiser.tasks.dask_cluster import DaskCluster
    except ImportError as error:
        raise EnvironmentFault(
            f"Dask distributed is not installed ({error})",
            remedy='Install it with `python -m pip install "polyring[cluster]"`, or leave out --cluster and '
            "--scheduler: child processes need no cluster.",
        ) from error
    return DaskCluster(workers=workers or cores(), address=scheduler)
