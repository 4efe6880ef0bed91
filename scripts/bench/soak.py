#!/usr/bin/env python3
"""Keeps a gateway at about half of the load it can take, and watches its memory, descriptors and threads.

The requests pass a JSON log, a subscription key, a limit for each key, validate-jwt and the response cache (a third of the
answers come from it). Each half minute the clients connect anew and the policy is changed. Exit code 1 when a request is
answered other than 200, when the median of the resident memory in the last tenth is more than 5 % above that of the tenth
behind the first quarter, or when there are 8 descriptors or 2 threads more than then. Samples: .build/bench/soak.json.
"""
import argparse, json, os, re, statistics, subprocess, sys, threading, time
from types import SimpleNamespace

from fixtures import AUDIENCE, ISSUER, KEY_HEADER, Fixtures, RSAKey, token
from gateway import DOCUMENT, JWT, KEYED, Service
from peers import Peers
from processes import Processes, cpu_seconds, resident_kb

KEYS = 100
CONNECTIONS = 64
SEGMENT = 30
# A third of the requests asks for something that may be kept for five seconds.
CACHED = """<choose><when condition="@(context.Request.Url.Query.ContainsKey(&quot;n&quot;))">{}</when></choose>"""
LOOKUP = """<cache-lookup vary-by-developer="false" vary-by-developer-groups="false">
<vary-by-query-parameter>n</vary-by-query-parameter></cache-lookup>"""


class Soak:
    def __init__(self, options):
        self.options, self.processes = options, Processes()
        self.fixtures = Fixtures(".build/bench/fixtures")
        self.fixtures.keys = self.fixtures.keys[:KEYS]
        self.peers = Peers(self.processes, self.fixtures)
        self.failures = []

    def prepare(self):
        self.peers.start_backend()
        self.service = Service(self.options.postern, self.processes, self.fixtures, self.peers.backend)
        self.service.prepare({"keyed"})
        self.service.add_api("soak", "bench", True)
        self.service.add_operation("soak", "get", "GET", "/*")
        self.change(0)
        child, self.port = self.service.gateway(SimpleNamespace(kind="log", is_tls=False))
        self.pid = child.pid
        key = RSAKey(self.fixtures.signing_key)
        tokens = [token(key, number, int(time.time())) for number in range(KEYS)]
        self.script = f"{self.processes.folder}/soak.lua"
        texts = lambda values: ",".join(f'"{value}"' for value in values)
        with open(self.script, "w") as file:
            file.write(
                f'local keys={{{texts(self.fixtures.keys)}}}; local tokens={{{texts(tokens)}}}; local reqs={{}}; local i=0\n'
                'local wait=tonumber(os.getenv("SOAK_DELAY"))\n'
                f'function init() for n,k in ipairs(keys) do local h={{["{KEY_HEADER}"]=k, ["Authorization"]="Bearer " .. tokens[n]}}\n'
                'for m=1,3 do reqs[#reqs+1]=wrk.format("GET",m==1 and "/soak/cached?n=" .. n or "/soak/x",h) end end end\n'
                'function request() i=i%#reqs+1; return reqs[i] end\n'
                # As a function only where it is wanted: wrk schedules each request of scripts that have it.
                'if wait>0 then function delay() return wait end end\n')

    def change(self, version):
        check = JWT.format(modulus=self.fixtures.modulus(), audience=AUDIENCE, issuer=ISSUER)
        header = f'<set-header name="X-Version" exists-action="override"><value>{version}</value></set-header>'
        policy = DOCUMENT.format(
            inbound=check + KEYED["inbound"] + header + CACHED.format(LOOKUP),
            outbound=KEYED["outbound"] + CACHED.format('<cache-store duration="5" />'))
        self.service.put("/apis/soak/policies/policy", format="rawxml", value=policy)

    def load(self, seconds, delay):
        out = subprocess.run(
            ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "10s", "-s", self.script, f"http://127.0.0.1:{self.port}/soak/x"],
            capture_output=True, text=True, check=True, env={**os.environ, "SOAK_DELAY": str(delay)}).stdout
        if "Non-2xx" in out or "Socket errors" in out:
            self.failures.append(out)
        return int(re.search(r"(\d+) requests in", out).group(1))

    def sample(self):
        return {"at": round(time.time() - self.began, 1), "resident_kb": resident_kb(self.pid),
                "descriptors": len(os.listdir(f"/proc/{self.pid}/fd")), "threads": len(os.listdir(f"/proc/{self.pid}/task"))}

    def watch(self):
        while not self.is_over:
            self.samples.append(self.sample())
            time.sleep(2)

    def run(self):
        self.prepare()
        self.load(2, 0)
        rate = self.options.rate or self.load(5, 0) / 5 / 2
        # A connection asks again so many milliseconds after its answer; the answer's own time is small against that.
        delay = max(1, round(CONNECTIONS / rate * 1000))
        print(f"{rate:.0f} requests/s are wanted: {CONNECTIONS} connections, {delay} ms between answer and request", flush=True)
        self.began, self.samples, self.is_over = time.time(), [], False
        watching = threading.Thread(target=self.watch)
        watching.start()
        end, requests, version, used = self.began + self.options.minutes * 60, 0, 0, cpu_seconds(self.pid)
        try:
            while (left := end - time.time()) >= 1:
                requests += self.load(max(1, round(min(SEGMENT, left))), delay)
                version += 1
                self.change(version)
        finally:
            self.is_over = True
            watching.join()
        seconds = time.time() - self.began
        used = cpu_seconds(self.pid) - used
        return self.judge(requests, seconds, version, used)

    def judge(self, requests, seconds, changes, used):
        # Between two segments nobody is connected: such samples tell nothing.
        busy = [s for s in self.samples if s["descriptors"] > CONNECTIONS]
        part = lambda a, b: busy[int(len(busy) * a):max(int(len(busy) * a) + 1, int(len(busy) * b))]
        middle = lambda name, samples: statistics.median(s[name] for s in samples)
        settled, last = part(0.25, 0.35), part(0.9, 1)
        os.makedirs(".build/bench", exist_ok=True)
        json.dump(self.samples, open(".build/bench/soak.json", "w"))
        print(f"{seconds / 60:.1f} minutes, {requests} requests ({requests / seconds:.0f}/s), {changes} changes of the policy, "
              f"{used / seconds * 100:.0f} % of a core")
        print(f"{'':12} {'begin':>10} {'settled':>10} {'end':>10}")
        problems = [f"not every request was answered 200:\n{out}" for out in self.failures]
        for name, slack in (("resident_kb", 0.05 * middle("resident_kb", settled)), ("descriptors", 8), ("threads", 2)):
            a, b, c = busy[0][name], middle(name, settled), middle(name, last)
            print(f"{name:12} {a:10.0f} {b:10.0f} {c:10.0f}  {(c / b - 1) * 100:+.1f} %")
            if c > b + slack:
                problems.append(f"{name} grew from {b:.0f} to {c:.0f}")
        for problem in problems:
            print(f"FAILED: {problem}")
        return 1 if problems else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("minutes", type=float, nargs="?", default=10)
    parser.add_argument("--postern", required=True)
    parser.add_argument("--rate", type=float, help="requests a second; by default half of what five seconds of full load give")
    soak = Soak(parser.parse_args())
    try:
        code = soak.run()
    finally:
        soak.processes.stop_all()
    sys.exit(code)


if __name__ == "__main__":
    main()
