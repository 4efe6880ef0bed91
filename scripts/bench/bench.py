#!/usr/bin/env python3
"""Measures the gateway and nginx, as reverse proxies in front of the same backend, in one interleaved run.

CPU microseconds per request come from the scheduler's account of the peer's whole process tree, over the requests that
wrk completed; percentiles are wrk's own with 32 connections at full load. The peer has one event loop on core 0; backend
and load share core 1. Ratios within one run are worth quoting, absolute figures are not: machines differ and are noisy.

Scenarios
  s1   pass-through: no key, no policy, no log
  s1b  pass-through with a JSON access log
  s2   subscription key (one of 1,000), rate limit for each key, two request headers set, two response headers removed
  s6c  s1 with HTTP/2 from the client, unencrypted, 4 connections of 8 streams (h2load, which tells no percentiles)
"""
import argparse, json, os, re, shutil, signal, socket, statistics, subprocess, sys, tempfile, threading, time, urllib.request

BODY = b"x" * 203
KEYS = 1000
SERVICE = ("/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/postern"
           "/providers/Microsoft.ApiManagement/service/postern")
POLICY = """<policies><inbound><base />
<rate-limit-by-key calls="100000000" renewal-period="60" counter-key="@(context.Subscription.Id)" />
<set-header name="X-GW-Sub" exists-action="override"><value>@(context.Subscription.Id)</value></set-header>
<set-header name="X-GW-Static" exists-action="override"><value>perf</value></set-header>
</inbound><backend><base /></backend><outbound><base />
<set-header name="X-Powered-By" exists-action="delete" /><set-header name="X-Internal-Trace" exists-action="delete" />
</outbound><on-error><base /></on-error></policies>"""
# With the request line and Host, about 527 bytes: what a browser-like client sends.
CLIENT_HEADERS = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
    "Accept": "application/json, text/plain, */*", "Accept-Language": "en-US,en;q=0.9", "Accept-Encoding": "gzip, deflate",
    "Cache-Control": "no-cache", "X-Request-Source": "bench-harness-client-0001", "Origin": "http://bench.test",
    "Referer": "http://bench.test/page/with/a/fairly/ordinary/path?and=query",
    "Cookie": "session=0123456789abcdef0123456789abcdef; theme=dark",
}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def tree(pid):
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


def wait_for(port, path="/", seconds=30, accept=lambda s: s == 200):
    end = time.time() + seconds
    last = None
    while time.time() < end:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2) as r:
                last = r.status
        except urllib.error.HTTPError as e:
            last = e.code
        except OSError as e:
            last = e
        if isinstance(last, int) and accept(last):
            return
        time.sleep(0.05)
    raise SystemExit(f"port {port} did not answer as expected: {last}")


class Bench:
    def __init__(self, options):
        self.options = options
        self.work = tempfile.mkdtemp(prefix="postern-bench-")
        self.children = []
        self.backend = free_port()
        self.peers = {}

    def start(self, command, cores, env=None, log="/dev/null"):
        out = open(log, "ab")
        child = subprocess.Popen(["taskset", "-c", cores] + command, stdout=out, stderr=subprocess.STDOUT,
                                 env={**os.environ, **(env or {})}, start_new_session=True)
        self.children.append(child)
        return child

    def stop_all(self):
        for child in reversed(self.children):
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        for child in self.children:
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
        shutil.rmtree(self.work, ignore_errors=True)

    def nginx(self, name, http, server, location, cores):
        folder = f"{self.work}/{name}"
        os.makedirs(folder)
        conf = f"""daemon off; master_process on; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log error;
worker_rlimit_nofile 20000; events {{ worker_connections 19000; }}
http {{ keepalive_requests 1000000000; keepalive_timeout 3600s; tcp_nodelay on; server_tokens off; access_log off;
client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u;
scgi_temp_path {folder}/s;
{http}
server {{ {server} location / {{ {location} }} }} }}"""
        open(f"{folder}/nginx.conf", "w").write(conf)
        return self.start(["nginx", "-p", folder, "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf"], cores)

    def start_backend(self):
        self.nginx("backend", "", f"listen 127.0.0.1:{self.backend} backlog=8192;",
                   f'default_type application/json; add_header X-Powered-By bench; add_header X-Internal-Trace abc; return 200 "{BODY.decode()}";',
                   "1")
        wait_for(self.backend)

    def start_nginx(self, scenario, keys):
        port = free_port()
        http = (f"upstream b {{ server 127.0.0.1:{self.backend}; keepalive 256; keepalive_requests 1000000000; "
                f"keepalive_timeout 3600s; }}")
        common = ('proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host; '
                  'proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;')
        location = common + " proxy_pass http://b;"
        if scenario == "s1b":
            http += ("log_format j escape=json '{\"time\":\"$time_iso8601\",\"peer\":\"$remote_addr\",\"method\":\"$request_method\","
                     "\"url\":\"$request_uri\",\"status\":$status,\"bytes\":$bytes_sent,\"request\":$request_length,"
                     "\"duration\":$request_time,\"backend\":\"$upstream_addr\",\"backendStatus\":\"$upstream_status\","
                     "\"backendTime\":\"$upstream_response_time\",\"protocol\":\"$server_protocol\",\"id\":\"$request_id\"}';")
            location = f"access_log {self.work}/nginx-access.log j buffer=32k flush=1s; " + location
        if scenario == "s2":
            entries = "".join(f'"{key}" "sub-{i:04d}";\n' for i, key in enumerate(keys))
            http += (f'map_hash_max_size 16384; map_hash_bucket_size 128; map $http_ocp_apim_subscription_key $sub {{ default ""; {entries} }} '
                     'limit_req_zone $http_ocp_apim_subscription_key zone=rl:10m rate=1000000r/s; limit_req_status 429;')
            location = ('if ($sub = "") { return 401; } limit_req zone=rl burst=1000000 nodelay; ' + common +
                        ' proxy_set_header X-GW-Sub $sub; proxy_set_header X-GW-Static perf; proxy_hide_header X-Powered-By; '
                        'proxy_hide_header X-Internal-Trace; proxy_pass http://b;')
        kind = " http2" if scenario == "s6c" else ""
        child = self.nginx(f"nginx-{scenario}", http, f"listen 127.0.0.1:{port}{kind} backlog=8192;", location, "0")
        if not kind:
            wait_for(port, accept=lambda s: s in (200, 401))
        return child.pid, port

    def call(self, method, path, body=None):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.service}{SERVICE}{path}?api-version=2024-05-01", method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.credential}", "Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                text = response.read()
                return json.loads(text) if text else {}
        except urllib.error.HTTPError as error:
            raise SystemExit(f"{method} {path}: {error.code} {error.read().decode()}")

    def start_service(self):
        self.service = free_port()
        log = f"{self.work}/service.log"
        self.start([self.options.postern, "serve", "--data-directory", f"{self.work}/service", "--address", "127.0.0.1",
                    "--http-port", str(self.service), "--https-port", str(free_port()),
                    "--gateway-http-port", str(free_port()), "--gateway-https-port", str(free_port())], "1", log=log)
        wait_for(self.service, "/livez")
        self.credential = re.search(r"Administrator credential: (\S+)", open(log).read()).group(1)
        self.call("PUT", "/gateways/bench", {"properties": {"locationData": {"name": "bench"}}})
        for api, required, path in (("pass", False, "pass"), ("keyed", True, "keyed")):
            self.call("PUT", f"/apis/{api}", {"properties": {
                "displayName": api, "path": path, "serviceUrl": f"http://127.0.0.1:{self.backend}",
                "protocols": ["http"], "subscriptionRequired": required}})
            self.call("PUT", f"/apis/{api}/operations/get",
                      {"properties": {"displayName": "get", "method": "GET", "urlTemplate": "/*"}})
            self.call("PUT", f"/gateways/bench/apis/{api}", {"properties": {"provisioningState": "created"}})
        self.call("PUT", "/apis/keyed/policies/policy", {"properties": {"format": "rawxml", "value": POLICY}})

    def add_subscriptions(self, keys):
        for i, key in enumerate(keys):
            self.call("PUT", f"/subscriptions/sub-{i:04d}", {"properties": {
                "displayName": f"sub-{i:04d}", "scope": "/apis/keyed", "primaryKey": key, "secondaryKey": key[::-1]}})

    def start_gateway(self, scenario):
        port = free_port()
        expiry = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 86400))
        file = f"{self.work}/env-{scenario}.conf"
        open(file, "w").write(self.call("POST", "/gateways/bench/getDeployment",
                                        {"keyType": "primary", "expiry": expiry})["environmentFile"])
        env = {"NET_SERVER_HTTP_PORT": str(port), "NET_SERVER_HTTPS_PORT": "0", "NET_SERVER_ADDRESS": "127.0.0.1",
               "NET_SERVER_THREADS": "1", "CONFIG_BACKUP_PATH": f"{self.work}/gateway-{scenario}",
               "TELEMETRY_LOGS_STD": "json" if scenario == "s1b" else "none",
               "TELEMETRY_METRICS_CLOUD": "false"}
        child = self.start([self.options.postern, "gateway", "--env-file", file], "0", env,
                           f"{self.work}/gateway-{scenario}.log")
        wait_for(port, "/readyz")
        return child.pid, port

    def load(self, peer, scenario, port, keys, seconds):
        path = "/keyed/x" if scenario == "s2" else "/pass/x"
        if peer == "nginx":
            path = "/x"
        if scenario == "s6c":
            return self.load_http2(peer, f"http://127.0.0.1:{port}{path}", seconds)
        headers = "".join(f'["{k}"]="{v}",' for k, v in CLIENT_HEADERS.items())
        script = f"{self.work}/{peer}-{scenario}.lua"
        if scenario == "s2":
            text = ",".join(f'"{k}"' for k in keys)
            open(script, "w").write(
                f'local h={{{headers}}}; local keys={{{text}}}; local reqs={{}}; local i=0\n'
                f'function init() for n,k in ipairs(keys) do h["Ocp-Apim-Subscription-Key"]=k; reqs[n]=wrk.format("GET","{path}",h) end end\n'
                'function request() i=i%#reqs+1; return reqs[i] end\n')
        else:
            open(script, "w").write(
                f'local h={{{headers}}}; local r; function init() r=wrk.format("GET","{path}",h) end\nfunction request() return r end\n')
        out = subprocess.run(["taskset", "-c", "1", "wrk", "-t1", "-c32", f"-d{seconds}s", "--latency", "-s", script,
                              f"http://127.0.0.1:{port}{path}"], capture_output=True, text=True, check=True).stdout
        if "Non-2xx" in out or "Socket errors" in out:
            raise SystemExit(f"{peer} {scenario}: not every request was answered 200:\n{out}")
        unit = {"us": 1, "ms": 1000, "s": 1e6}
        percentile = {m[0]: float(m[1]) * unit[m[2]] for m in re.findall(r"(\d+)%\s+([\d.]+)(us|ms|s)", out)}
        requests, duration = re.search(r"(\d+) requests in ([\d.]+)s", out).groups()
        return int(requests), float(duration), percentile["50"], percentile["99"]

    def load_http2(self, peer, url, seconds):
        headers = [part for name, value in CLIENT_HEADERS.items() for part in ("-H", f"{name}: {value}")]
        out = subprocess.run(["taskset", "-c", "1", "h2load", "-t1", "-c4", "-m8", f"-D{seconds}", *headers, url],
                             capture_output=True, text=True, check=True).stdout
        total, succeeded = re.search(r"requests: (\d+) total, .* (\d+) succeeded", out).groups()
        errors = re.search(r"(\d+) failed, (\d+) errored, (\d+) timeout", out).groups()
        if set(errors) != {"0"} or "2xx, 0 3xx, 0 4xx, 0 5xx" not in out:
            raise SystemExit(f"{peer} s6c: not every request was answered 200:\n{out}")
        return int(succeeded), float(seconds), 0, 0

    def idle(self, pid, port, path, key, count=2000):
        """KiB of resident memory for each connection that has had one answer and now waits."""
        before = resident_kb(pid)
        head = f"GET {path} HTTP/1.1\r\nHost: bench\r\n" + (f"Ocp-Apim-Subscription-Key: {key}\r\n" if key else "") + "\r\n"
        sockets = []
        for _ in range(count):
            s = socket.create_connection(("127.0.0.1", port))
            s.sendall(head.encode())
            s.recv(65536)
            sockets.append(s)
        time.sleep(0.5)
        after = resident_kb(pid)
        for s in sockets:
            s.close()
        return (after - before) / count

    def run(self):
        keys = [f"{i:032x}" for i in range(10**30, 10**30 + KEYS)]
        self.start_backend()
        self.start_service()
        if "s2" in self.options.scenarios:
            self.add_subscriptions(keys)
        rows, report = [], []
        for scenario in self.options.scenarios:
            peers = {"nginx": self.start_nginx(scenario, keys), "postern": self.start_gateway(scenario)}
            time.sleep(1)
            for peer, (pid, port) in peers.items():
                self.load(peer, scenario, port, keys, 2)
            for round_number in range(self.options.rounds):
                order = list(peers) if round_number % 2 == 0 else list(peers)[::-1]
                for peer in order:
                    pid, port = peers[peer]
                    before = cpu_seconds(pid)
                    requests, duration, p50, p99 = self.load(peer, scenario, port, keys, self.options.seconds)
                    used = cpu_seconds(pid) - before
                    rows.append({"scenario": scenario, "peer": peer, "round": round_number, "requests": requests,
                                 "cpu_us": used / requests * 1e6, "rps": requests / duration, "p50_us": p50, "p99_us": p99})
            median = lambda peer, field: statistics.median(r[field] for r in rows if r["scenario"] == scenario and r["peer"] == peer)
            for peer, (pid, port) in peers.items():
                path = "/x" if peer == "nginx" else ("/keyed/x" if scenario == "s2" else "/pass/x")
                memory = self.idle(pid, port, path, keys[0] if scenario == "s2" else None) if scenario == "s1" else None
                report.append({"scenario": scenario, "peer": peer, "cpu_us": round(median(peer, "cpu_us"), 2),
                               "ratio_to_nginx": round(median(peer, "cpu_us") / median("nginx", "cpu_us"), 3),
                               "rps": round(median(peer, "rps")), "p50_us": round(median(peer, "p50_us")),
                               "p99_us": round(median(peer, "p99_us")),
                               **({"kb_per_idle_connection": round(memory, 2), "resident_mb": round(resident_kb(pid) / 1024, 1)}
                                  if memory is not None else {})})
            for pid, _ in peers.values():
                os.kill(pid, signal.SIGTERM)
        os.makedirs(".build/bench", exist_ok=True)
        json.dump(report, open(".build/bench/report.json", "w"), indent=1)
        json.dump(rows, open(".build/bench/rows.json", "w"), indent=1)
        print(f"{'scenario':9} {'peer':8} {'CPU µs':>8} {'÷ nginx':>8} {'req/s':>8} {'p50 µs':>8} {'p99 µs':>8}  KB/idle connection")
        for r in report:
            print(f"{r['scenario']:9} {r['peer']:8} {r['cpu_us']:8.1f} {r['ratio_to_nginx']:8.2f} {r['rps']:8d} {r['p50_us']:8d} "
                  f"{r['p99_us']:8d}  {r.get('kb_per_idle_connection', '')}")
        print("Written to .build/bench/report.json (medians) and rows.json (every round).")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--postern", required=True)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--scenarios", type=lambda t: t.split(","), default=["s1", "s1b", "s2"])
    options, _ = parser.parse_known_args()
    bench = Bench(options)
    try:
        bench.run()
    finally:
        bench.stop_all()


if __name__ == "__main__":
    main()
