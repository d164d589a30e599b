"""A browser as a program: a profile and an account of its own, a log, an end, and a deadline for each thing that it is asked."""

import os
import select
import signal
import subprocess
import time

# How long it may take to open a page, whatever comes of it.
PAGE_SECONDS = 30
# How long it may take to start. Firefox uses eight seconds of a processor for that, and a busy machine may give it a twentieth of one.
START_SECONDS = 400
# How long it may take for anything else.
ANSWER_SECONDS = 120


class Browser:
    def __init__(self, profile, home):
        self.profile, self.home, self.log = profile, home, home / "log"
        self.count, self.process = 0, None

    def __enter__(self):
        try:
            self.connect()
        except BaseException as error:
            self.__exit__(type(error), error)
            raise
        return self

    def start(self, command, pass_fds=()):
        environment = os.environ | {"HOME": str(self.home), "TMPDIR": str(self.home)}
        # A group of its own, which ends as a whole: see __exit__.
        options = {"pass_fds": pass_fds, "process_group": 0, "env": environment}
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, **options)

    def __exit__(self, _, error, *__):
        if not self.process:
            return
        try:
            if isinstance(error, Exception):
                error.add_note(self.state())
        finally:
            self.end()

    def end(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            pass
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()

    def read_until(self, descriptor, end, awaited):
        """Reads some octets; fails if none come before the end, or if there are no more."""
        if not select.select([descriptor], [], [], max(0, end - time.monotonic()))[0]:
            self.fail(f"gives no answer in time: {awaited}")
        octets = os.read(descriptor, 65536)
        if not octets:
            self.fail(f"has ended, before an answer: {awaited}")
        return octets

    def fail(self, what):
        raise AssertionError(f"{type(self).__name__} {what}")

    def state(self):
        """What to look at when something is wrong: whether it runs, what its processes do, and the end of its log."""
        ended = self.process.poll()
        how = "runs" if ended is None else f"has ended with {ended}"
        columns = "pgid,pid,stat,time,wchan,comm"
        found = subprocess.run(["ps", "-e", "-o", columns], capture_output=True, text=True, timeout=20)
        heading, *processes = found.stdout.splitlines()
        own = [line for line in processes if line.split()[0] == str(self.process.pid)]
        log = self.log.read_text(errors="replace")[-2000:]
        return "\n".join([f"{type(self).__name__} {how}", heading, *own, "Its log ends with:", log])


def within(seconds):
    return time.monotonic() + seconds
