"""A browser as a program: a profile and an account of its own, a log, and an end, whatever happens."""

import os
import signal
import subprocess


class Browser:
    def __init__(self, profile, home):
        self.profile, self.home, self.log = profile, home, home / "log"
        self.count = 0

    def __enter__(self):
        try:
            self.connect()
        except BaseException:
            self.__exit__()
            raise
        return self

    def start(self, command, pass_fds=()):
        environment = os.environ | {"HOME": str(self.home), "TMPDIR": str(self.home)}
        # A group of its own, which ends as a whole: see __exit__.
        options = {"pass_fds": pass_fds, "process_group": 0, "env": environment}
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, **options)

    def __exit__(self, *_):
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

    def fail(self, what):
        raise AssertionError(f"{type(self).__name__} {what}:\n{self.log.read_text(errors='replace')[-2000:]}")
