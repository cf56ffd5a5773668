"""What a crash test found: problems by kind, and the line it ends with."""

import collections


class Verdict:
    """passed and failed count the cases: rounds, cuts, flips."""

    def __init__(self, what):
        self.what = what
        self.passed = self.failed = 0
        self.kinds = collections.Counter()
        self._problems = 0

    def problem(self, kind, text):
        self.kinds[kind] += 1
        self._problems += 1
        if self._problems <= 40:
            print("FAIL  %s: %s" % (kind, text), flush=True)

    def case(self):
        """A case is over."""
        if self._problems:
            self.failed += 1
        else:
            self.passed += 1
        self._problems = 0

    def end(self, text=""):
        """Prints the verdict; the exit code."""
        print("%s%s" % (self.what, ": " + text if text else ""))
        print("%d passed, %d failed" % (self.passed, self.failed), flush=True)
        return 1 if self.failed or not self.passed else 0
