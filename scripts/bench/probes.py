"""What is no ratio of CPU time: memory, cold start, latency at half load."""
import http.client, os, socket, ssl, statistics, time

from processes import PEER_CORE, resident_kb
from scenarios import ALL, Scenario

CLEAR = next(s for s in ALL if s.name == "s1")
TLS = next(s for s in ALL if s.name == "s5")
LARGE = next(s for s in ALL if s.name == "s8")
# The first ones make a peer take what it takes once.
FIRST_CONNECTIONS, IDLE_CONNECTIONS = 200, 2_000


def idle(child, port, path, is_tls):
    """KiB of resident memory for each connection that has had one answer and now waits."""
    context = ssl._create_unverified_context()
    before, sockets = 0, []
    try:
        for number in range(FIRST_CONNECTIONS + IDLE_CONNECTIONS):
            if number == FIRST_CONNECTIONS:
                before = resident_kb(child.pid)
            s = socket.create_connection(("127.0.0.1", port), 20)
            sockets.append(context.wrap_socket(s) if is_tls else s)
            sockets[-1].sendall(f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode())
            if b" 200 " not in sockets[-1].recv(65536):
                raise SystemExit(f"idle connection {len(sockets)} was not answered 200")
        time.sleep(0.5)
        return (resident_kb(child.pid) - before) / IDLE_CONNECTIONS
    finally:
        for s in sockets:
            s.close()


def memory(bench, report):
    for peer in ("nginx", "haproxy", "postern"):
        for scenario in (CLEAR, TLS):
            child, port = bench.start(scenario, peer)
            path = scenario.requests(peer, bench.fixtures)[0][0]
            before = resident_kb(child.pid) / 1024
            kb = idle(child, port, path, scenario.is_tls)
            bench.processes.stop([child])
            aim = (20 if scenario.is_tls else 5) if peer == "postern" else None
            report.fact(f"KB per idle connection, {'TLS' if scenario.is_tls else 'clear'}", peer, kb, aim, digits=1)
            if scenario is CLEAR:
                report.fact("MB resident after the start", peer, before, digits=1)


def large_memory(bench, report):
    child, _ = bench.start(LARGE, "postern")
    # What it takes to begin, such as the backup that is written then, is given back at once.
    time.sleep(3)
    report.fact("MB resident with 10,000 operations and 10,000 subscriptions", "postern", resident_kb(child.pid) / 1024, digits=1)
    bench.processes.stop([child])


def first_answer(bench, command, env, ports, path, backup):
    """Milliseconds from the start of the process to its first proxied answer; ends it once there is a backup."""
    began = time.perf_counter()
    child = bench.processes.start(command, PEER_CORE, env)
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", ports["http"], timeout=2)
        try:
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                took = (time.perf_counter() - began) * 1000
                break
        except OSError:
            pass
        finally:
            connection.close()
        if time.perf_counter() - began > 60 or child.poll() is not None:
            raise SystemExit("the gateway did not start from its backup")
        time.sleep(0.001)
    while not os.path.exists(backup):
        if time.perf_counter() - began > 60:
            raise SystemExit("the gateway left no backup")
        time.sleep(0.05)
    bench.processes.stop([child])
    return took


def start(bench, report):
    for gateway, words, path, aim in (("bench", "few operations", "/pass/x", None),
                                      ("large", "10,000 operations", "/large-0042/things-17/4711", 1000)):
        folder = f"{bench.processes.folder}/cold-{gateway}"
        command, env, ports = bench.service.command(gateway, folder)
        made = f"{folder}/configuration.postern"
        first_answer(bench, command, env, ports, path, made)
        times = [first_answer(bench, command, env, ports, path, made) for _ in range(5)]
        report.fact(f"ms from cold start to the first proxied answer, {words}", "postern", statistics.median(times), aim, digits=0)


def latency(bench, report):
    """At half the rate that the slowest of them reaches; the backend itself shows what the load and the machine take."""
    direct = Scenario("latency", "")
    running = {peer: bench.start(CLEAR, peer) for peer in ("nginx", "haproxy", "postern")}
    ports = {"backend": bench.peers.backend, **{peer: port for peer, (_, port) in running.items()}}
    requests = {peer: direct.requests(peer, bench.fixtures) for peer in ports}
    reached = [bench.load.wrk(f"http://127.0.0.1:{ports[p]}", requests[p], 2) for p in running]
    rate = round(min(m.requests / m.seconds for m in reached) / 2)
    found = {peer: [] for peer in ports}
    for number in range(bench.options.rounds):
        for peer in list(ports) if number % 2 == 0 else list(ports)[::-1]:
            measured = bench.load.wrk(f"http://127.0.0.1:{ports[peer]}", requests[peer], bench.options.seconds, rate=rate)
            found[peer].append(measured)
            report.rows.append({"scenario": "latency", "peer": peer, "round": number, "rate": rate,
                                "rps": measured.requests / measured.seconds, "p50_us": measured.p50, "p99_us": measured.p99})
    bench.processes.stop([child for child, _ in running.values()])
    median = lambda peer, name: statistics.median(getattr(m, name) for m in found[peer])
    for name in ("p50", "p99"):
        words = f"µs {name} at about {rate:,} requests/s"
        report.fact(f"{words}, straight to the backend", "backend", median("backend", name))
        for peer in running:
            report.fact(f"{words}, added", peer, median(peer, name) - median("backend", name))
