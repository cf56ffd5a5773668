"""A program in a terminal of its own (tmux), typed at and read like a person would."""

import os
import shlex
import subprocess
import time


class Terminal:
    """One program on one tmux server of its own. `home`: an empty directory that is the program's world."""

    def __init__(self, name, command, home, columns=120, rows=40):
        self.name = name
        self.closed = False
        self.socket = "gatehouse-%d-%s" % (os.getpid(), name)
        home.mkdir(parents=True, exist_ok=True)
        env = {"HOME": home, "XDG_CONFIG_HOME": home / "config", "XDG_DATA_HOME": home / "data",
               "XDG_CACHE_HOME": home / "cache", "TERM": "screen", "LANG": "C.UTF-8"}
        for each in ("config", "data", "cache"):
            (home / each).mkdir(exist_ok=True)
        shell = "exec env %s %s" % (" ".join("%s=%s" % (key, shlex.quote(str(value))) for key, value in env.items()),
                                    command)
        self._tmux("-f", "/dev/null", "new-session", "-d", "-s", "main", "-x", str(columns), "-y", str(rows), shell)

    def _tmux(self, *arguments):
        return subprocess.run(["tmux", "-L", self.socket, *arguments], check=True, capture_output=True, text=True,
                              env={**os.environ, "LANG": "C.UTF-8"}).stdout

    def type(self, text):
        """Types `text` and Enter."""
        self._tmux("send-keys", "-t", "main", "-l", text)
        self._tmux("send-keys", "-t", "main", "Enter")

    def press(self, key):
        """A key by tmux's name for it, such as C-c."""
        self._tmux("send-keys", "-t", "main", key)

    def screen(self):
        return self._tmux("capture-pane", "-t", "main", "-p")

    def wait_for(self, *texts, seconds=20):
        """Until every one of `texts` is on the screen, whatever lines it is broken into."""
        end = time.monotonic() + seconds
        while True:
            screen = self.screen()
            flat = " ".join(screen.split())
            if all(text in flat for text in texts):
                return screen
            assert time.monotonic() < end, "%s does not show %r:\n%s" % (self.name, texts, screen)
            time.sleep(0.05)

    def save(self, directory, name):
        """Keeps the screen as a text file."""
        path = directory / ("%s.txt" % name)
        path.write_text(self.screen())
        return path

    def end(self, output):
        """Keeps the screen and closes, unless that has been done."""
        if self.closed:
            return
        self.save(output, self.name)
        self.close()

    def close(self):
        self.closed = True
        subprocess.run(["tmux", "-L", self.socket, "kill-server"], capture_output=True)
