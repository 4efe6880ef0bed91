"""Processes of a run: started on a core, stopped at the end, and what the kernel says they used."""
import os, re, shutil, signal, socket, subprocess, tempfile, time, urllib.error, urllib.request

PEER_CORE, LOAD_CORE = "0", "1"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def tree(pid):
    """A process and all that it started."""
    found, todo = [], [pid]
    while todo:
        p = todo.pop()
        found.append(p)
        try:
            for task in os.listdir(f"/proc/{p}/task"):
                todo += [int(c) for c in open(f"/proc/{p}/task/{task}/children").read().split()]
        except OSError:
            pass
    return found


def cpu_seconds(pid):
    """What the scheduler gave to a process tree, in user and system mode."""
    total = 0
    for p in tree(pid):
        try:
            for task in os.listdir(f"/proc/{p}/task"):
                total += int(open(f"/proc/{p}/task/{task}/schedstat").read().split()[0])
        except OSError:
            pass
    return total / 1e9


def resident_kb(pid):
    total = 0
    for p in tree(pid):
        try:
            total += int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{p}/status").read()).group(1))
        except (OSError, AttributeError):
            pass
    return total


def wait_for(port, path="/", seconds=30, accept=lambda status: status == 200):
    end, last = time.time() + seconds, None
    while time.time() < end:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2) as answer:
                last = answer.status
        except urllib.error.HTTPError as error:
            last = error.code
        except OSError as error:
            last = error
        if isinstance(last, int) and accept(last):
            return
        time.sleep(0.05)
    raise SystemExit(f"port {port} did not answer as expected: {last}")


def wait_until_open(child, port, log, seconds=10):
    end = time.time() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 2).close()
            return
        except OSError:
            if time.time() > end or child.poll() is not None:
                raise SystemExit(f"nothing listens on port {port}: {open(log).read()[-600:]}")
            time.sleep(0.02)


class Processes:
    """Everything a run started, and the folder it works in."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="postern-bench-")
        # Workers of nginx that root starts are nobody, and read files below.
        os.chmod(self.folder, 0o755)
        self.children = []

    def start(self, command, core, env=None, log="/dev/null"):
        with open(log, "ab") as out:
            child = subprocess.Popen(["taskset", "-c", core] + command, stdin=subprocess.DEVNULL, stdout=out,
                                     stderr=subprocess.STDOUT, env={**os.environ, **(env or {})}, start_new_session=True)
        self.children.append(child)
        return child

    def stop(self, children, seconds=10):
        for child in children:
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        end = time.time() + seconds
        for child in children:
            try:
                child.wait(max(0.1, end - time.time()))
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
        self.children = [c for c in self.children if c not in children]

    def stop_all(self):
        self.stop(self.children[::-1])
        shutil.rmtree(self.folder, ignore_errors=True)
