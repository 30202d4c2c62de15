"""python at_a_terminal.py COMMAND…: runs it at a terminal, and presses Ctrl-C once it says "ready".

Prints what the terminal shows; the exit code is the command's.
"""

import os
import pty
import sys

CTRL_C = b"\x03"

pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606  # that is what it is for
shown, pressed = b"", False
while True:
    try:
        chunk = os.read(terminal, 65536)
    except OSError:  # Linux's way to say that the command has closed it
        break
    if not chunk:
        break
    shown += chunk
    if not pressed and b"ready" in shown:
        os.write(terminal, CTRL_C)
        pressed = True
_, status = os.waitpid(pid, 0)
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(status))
