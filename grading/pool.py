"""Many jobs on all cores, or on a Dask cluster; a worker that dies or sticks takes one job down.

`run(jobs, work, ...)` yields (job, outcome) as they come; `work` is a function of a module, so
that a process started afresh can import it. An outcome is what it returned, or a Fault.
"""
import contextlib
import multiprocessing
import os
import time
from dataclasses import dataclass
from multiprocessing.connection import wait

TRIES, STUCK_SECONDS, BYTES = 2, 120, 2 << 30


@dataclass
class Fault:
    """A job that could not be done, and why."""

    reason: str


def serve(connection, work, settings):
    """Be a worker: do jobs until the connection ends, in at most 2 GiB."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource  # not on Windows

        resource.setrlimit(resource.RLIMIT_AS, (BYTES, resource.RLIM_INFINITY))
    while True:
        try:
            job = connection.recv()
        except (EOFError, KeyboardInterrupt):
            return
        try:
            outcome = work(job, settings)
        except Exception as error:
            outcome = Fault(f"{type(error).__name__}: {error}")
        connection.send(outcome)


class Worker:
    """A process with at most one job."""

    def __init__(self, work, settings):
        context = multiprocessing.get_context("forkserver")  # reads the modules once for all
        context.set_forkserver_preload([work.__module__])
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(theirs, work, settings))
        self.process.start()
        theirs.close()
        self.job = None

    def give(self, job):
        """Send a job; where the process is dead, `outcome` will say so."""
        self.job, self.since = job, time.monotonic()
        with contextlib.suppress(OSError):
            self.connection.send(job)

    def outcome(self):
        """Return what came of the job, or a Fault if the process is dead."""
        try:
            return self.connection.recv()
        except (EOFError, OSError):
            return Fault("the worker died")

    def end(self):
        self.connection.close()
        self.process.join(5)
        self.process.kill()
        self.process.join()


def run(jobs, work, settings, processes=None):
    """Yield (job, outcome); a job whose worker died or stuck is tried again by a new one."""
    waiting, tries, workers = list(reversed(jobs)), {}, []
    try:
        for _ in range(min(processes or os.cpu_count() or 1, len(jobs))):
            workers.append(Worker(work, settings))
        while any(worker.job is not None for worker in workers) or waiting:
            for worker in workers:
                if worker.job is None and waiting:
                    worker.give(waiting.pop())
            for place, outcome in finished(workers):
                job, workers[place].job = workers[place].job, None
                if isinstance(outcome, Fault):
                    workers[place].end()
                    workers[place] = Worker(work, settings)
                    tries[id(job)] = tries.get(id(job), 0) + 1
                    if tries[id(job)] < TRIES:
                        waiting.append(job)
                        continue
                yield job, outcome
    finally:
        for worker in workers:
            worker.end()


def finished(workers):
    """Wait for a worker; yield (place, outcome) of those that are done, dead or stuck."""
    busy = [worker.connection for worker in workers if worker.job is not None]
    ready = wait(busy, timeout=1)
    for place, worker in enumerate(workers):
        if worker.connection in ready:
            yield place, worker.outcome()
        elif worker.job is not None and time.monotonic() - worker.since > STUCK_SECONDS:
            worker.process.kill()
            yield place, Fault("the worker was stuck")


def run_on_dask(jobs, work, settings, address):
    """Yield (job, outcome) from a Dask cluster; its scheduler repeats what a dead worker had."""
    from dask.distributed import Client, as_completed

    with Client(address) as client:
        futures = {client.submit(work, job, settings, pure=False): job for job in jobs}
        for future in as_completed(futures):
            failed = future.status == "error"
            yield futures[future], Fault(str(future.exception())) if failed else future.result()
