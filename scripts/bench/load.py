"""Load: wrk for HTTP/1.1, h2load for HTTP/2, openssl s_time for TLS handshakes; and one request at a time to check."""
import http.client, re, ssl, subprocess, time
from dataclasses import dataclass

from processes import LOAD_CORE, free_port

CONNECTIONS = 32
UNITS = {"us": 1, "ms": 1000, "s": 1e6}


@dataclass
class Measured:
    requests: int
    seconds: float
    # Microseconds; None where the tool does not tell.
    p50: float | None = None
    p99: float | None = None


def ask(port, path, headers, is_tls=False):
    """Status, headers in lower case, and body of one answer."""
    if is_tls:
        context = ssl._create_unverified_context()
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=20, context=context)
    else:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


class Load:
    def __init__(self, folder):
        self.folder = folder

    def run(self, scenario, requests, port, seconds):
        url = f"{'https' if scenario.is_tls else 'http'}://127.0.0.1:{port}"
        if scenario.tool == "h2load":
            return self.h2load(url, requests, seconds)
        if scenario.tool == "s_time":
            return self.s_time(port, requests, seconds)
        return self.wrk(url, requests, seconds, post_bytes=scenario.post_bytes)

    def script(self, requests, post_bytes=0, rate=None):
        """A Lua file for wrk. A rate makes each connection pause between requests, of random length, so that all together
        come to about so many requests a second."""
        quote = lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
        rows = ",\n".join("{%s,{%s}}" % (quote(path), ",".join(f"[{quote(n)}]={quote(v)}" for n, v in headers.items()))
                          for path, headers in requests)
        path = f"{self.folder}/load-{free_port()}.lua"
        body = f"string.rep('x', {post_bytes})" if post_bytes else "nil"
        with open(path, "w") as file:
            file.write(f"""local specs, ready, i = {{{rows}}}, {{}}, 0
function init() for n, spec in ipairs(specs) do ready[n] = wrk.format("{'POST' if post_bytes else 'GET'}", spec[1], spec[2], {body}) end end
function request() i = i % #ready + 1; return ready[i] end
""")
            if rate:
                file.write(f"""math.randomseed(4711)
function delay() return math.floor(-{CONNECTIONS * 1000 / rate} * math.log(1 - math.random()) + 0.5) end
""")
        return path

    def wrk(self, url, requests, seconds, post_bytes=0, rate=None):
        out = subprocess.run(
            ["taskset", "-c", LOAD_CORE, "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "10s", "--latency", "-s",
             self.script(requests, post_bytes, rate), url + requests[0][0]], capture_output=True, text=True, check=True).stdout
        if "Non-2xx" in out or "Socket errors" in out:
            raise SystemExit(f"not every request to {url} was answered 200:\n{out}")
        percentile = {m[0]: float(m[1]) * UNITS[m[2]] for m in re.findall(r"(\d+)%\s+([\d.]+)(us|ms|s)", out)}
        count, duration = re.search(r"(\d+) requests in ([\d.]+)s", out).groups()
        return Measured(int(count), float(duration), percentile["50"], percentile["99"])

    def h2load(self, url, requests, seconds):
        path, headers = requests[0]
        fields = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
        out = subprocess.run(["taskset", "-c", LOAD_CORE, "h2load", "-t1", "-c4", "-m8", f"-D{seconds}", *fields, url + path],
                             capture_output=True, text=True, check=True).stdout
        succeeded = re.search(r"requests: .* (\d+) succeeded", out).group(1)
        errors = re.search(r"(\d+) failed, (\d+) errored, (\d+) timeout", out).groups()
        if set(errors) != {"0"} or "2xx, 0 3xx, 0 4xx, 0 5xx" not in out or (url.startswith("https") and "protocol: h2" not in out):
            raise SystemExit(f"not every request to {url} was answered 200 over HTTP/2:\n{out}")
        return Measured(int(succeeded), float(seconds))

    def s_time(self, port, requests, seconds, processes=8):
        """Connections, each with a full handshake and one request. wrk would resume sessions."""
        command = ["taskset", "-c", LOAD_CORE, "openssl", "s_time", "-connect", f"127.0.0.1:{port}", "-new", "-time", str(seconds),
                   "-www", requests[0][0]]
        running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for _ in range(processes)]
        total = 0
        for process in running:
            out = process.communicate()[0]
            found = re.search(r"(\d+) connections in (\d+) real seconds, (\d+) bytes read per connection", out)
            if process.returncode != 0 or not found or int(found.group(3)) < 203:
                raise SystemExit(f"the handshakes with port {port} failed:\n{out}")
            total += int(found.group(1))
        return Measured(total, float(seconds))


def check(scenario, peer, requests, port):
    """Whether a peer really does what the scenario asks of it."""
    kind = scenario.kind_for(peer)

    def want(holds, what, answer):
        if not holds:
            raise SystemExit(f"{scenario.name}: {peer} does not {what}: {answer[0]} {answer[1]} {answer[2][:200]}")

    if kind == "h2c":
        return  # h2load tells.
    path, headers = requests[0]
    answer = ask(port, path, headers, scenario.is_tls)
    want(answer[0] == 200 and len(answer[2]) == scenario.body_bytes, "answer 200 with the backend's body", answer)
    without = lambda name: ask(port, path, {n: v for n, v in headers.items() if n != name}, scenario.is_tls)
    if kind in ("keyed", "jwt"):
        want("x-powered-by" not in answer[1] and "x-internal-trace" not in answer[1], "remove response headers", answer)
        refused = without("Ocp-Apim-Subscription-Key")
        want(refused[0] == 401, "refuse a request without a key", refused)
    if kind == "jwt":
        refused = without("Authorization")
        want(refused[0] == 401, "refuse a request without a token", refused)
        token = headers["Authorization"]
        place = token.rindex(".") + 20
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1:]
        refused = ask(port, path, {**headers, "Authorization": changed})
        want(refused[0] == 401, "refuse a changed signature", refused)
    if kind == "cache":
        time.sleep(0.05)
        again = ask(port, path, headers)
        want(again[2] == answer[2], "answer from its cache", again)
    if kind == "large":
        unknown = ask(port, "/large-none/things-00/4711", headers)
        want(unknown[0] == 404, "refuse an unknown path", unknown)
