"""Many jobs on all cores, or on a Dask cluster; a worker that dies or sticks takes one job down.

`run(jobs, work, ...)` yields (job, outcome) as they come; `work` is a function of a module, so
that a process started afresh can import it. An outcome is what it returned, or a Fault.
"""
import contextlib
import multiprocessing
import os
import queue
from dataclasses import dataclass
from multiprocessing.pool import ThreadPool

TRIES, STUCK_SECONDS, BYTES = 2, 300, 2 << 30


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
    """A process that does one job after another; dead or stuck, a new one takes its place."""

    def __init__(self, work, settings):
        self.task, self.process = (work, settings), None

    def start(self):
        context = multiprocessing.get_context("forkserver")  # reads the modules once for all
        context.set_forkserver_preload([self.task[0].__module__])
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(theirs, *self.task))
        self.process.start()
        theirs.close()

    def do(self, job):
        """Return what came of the job, or a Fault."""
        if not self.process:
            self.start()
        try:
            self.connection.send(job)
            if self.connection.poll(STUCK_SECONDS):
                return self.connection.recv()
            self.process.kill()
            reason = "the worker was stuck"
        except (EOFError, OSError):
            reason = "the worker died"
        self.end()
        return Fault(reason)

    def end(self):
        if self.process:
            self.connection.close()
            self.process.join(5)
            self.process.kill()
            self.process.join()
            self.process = None


def run(jobs, work, settings, processes=None):
    """Yield (job, outcome); a job whose worker died or stuck is tried once more."""
    count = min(processes or os.cpu_count() or 1, len(jobs))
    workers = [Worker(work, settings) for _ in range(count)]
    idle = queue.SimpleQueue()

    def done(job):
        worker = idle.get()
        for _ in range(TRIES):
            outcome = worker.do(job)
            if not isinstance(outcome, Fault):
                break
        idle.put(worker)
        return job, outcome

    for worker in workers:
        idle.put(worker)
    with ThreadPool(count or 1) as threads:  # each waits for a worker
        try:
            yield from threads.imap_unordered(done, jobs)
        finally:
            for worker in workers:
                worker.end()


def run_on_dask(jobs, work, settings, address):
    """Yield (job, outcome) from a Dask cluster; its scheduler repeats what a dead worker had."""
    from dask.distributed import Client, as_completed

    with Client(address) as client:
        futures = {client.submit(work, job, settings, pure=False): job for job in jobs}
        for future in as_completed(futures):
            failed = future.status == "error"
            yield futures[future], Fault(str(future.exception())) if failed else future.result()
