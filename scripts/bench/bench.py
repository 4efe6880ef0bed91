#!/usr/bin/env python3
"""Measures the gateway beside nginx (with Lua, too) and HAProxy, as reverse proxies in front of the same backend, in one interleaved run.

CPU microseconds per request come from the scheduler's account of the peer's whole process tree, over the requests that
the load completed. The peer has one event loop on core 0; backend and load share core 1. The peers of a scenario take
turns; a ratio is the median of the ratios within a round. Ratios are worth quoting, absolute figures are not: machines
differ and are noisy.
"""
import argparse, os, resource, signal, sys, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import probes
from fixtures import Fixtures
from gateway import Service
from load import Load, check
from peers import Peers
from processes import Processes, cpu_seconds
from report import Report
from scenarios import ALL, PROBES, named


class Bench:
    def __init__(self, options):
        self.options, self.report = options, Report()
        self.processes = Processes()
        self.fixtures = Fixtures(".build/bench/fixtures")
        self.peers = Peers(self.processes, self.fixtures)
        self.load = Load(self.processes.folder)
        self.began = time.time()

    def say(self, text):
        print(f"{time.time() - self.began:5.0f} s  {text}", file=sys.stderr, flush=True)

    def start(self, scenario, peer):
        """A process that plays a peer's part, and the port it answers on."""
        if peer in ("nginx", "nginx_lua", "haproxy"):
            played = scenario if scenario.kind_for(peer) == scenario.kind else ALL[0]
            return getattr(self.peers, peer)(played)
        return self.service.gateway(scenario, "large" if scenario.kind_for(peer) == "large" else "bench")

    def measure(self, scenario):
        running, requests = {}, {}
        for peer in scenario.peers:
            running[peer] = self.start(scenario, peer)
            requests[peer] = scenario.requests(peer, self.fixtures)
            check(scenario, peer, requests[peer], running[peer][1])
            self.load.run(scenario, requests[peer], running[peer][1], 1)
        for number in range(self.options.rounds):
            for peer in scenario.peers if number % 2 == 0 else scenario.peers[::-1]:
                child, port = running[peer]
                before = cpu_seconds(child.pid)
                measured = self.load.run(scenario, requests[peer], port, self.options.seconds)
                used = cpu_seconds(child.pid) - before
                self.report.rows.append({
                    "scenario": scenario.name, "peer": peer, "round": number, "requests": measured.requests,
                    "cpu_us": round(used / measured.requests * 1e6, 3), "rps": round(measured.requests / measured.seconds, 1),
                    "p50_us": measured.p50, "p99_us": measured.p99})
        self.processes.stop([child for child, _ in running.values()])
        told = [f"{self.report.ratio(scenario.name, 'postern', base):.2f} × {named(base)}, aim {aim}" for base, aim in scenario.aims.items()]
        self.say(f"{scenario.name:10} " + "; ".join(told or [f"{self.report.ratio(scenario.name, 'postern', 'nginx'):.2f} × nginx"]))

    def run(self):
        names = self.options.scenarios
        scenarios = [s for s in ALL if s.name in names]
        self.peers.start_backend()
        if any(s.tokens for s in scenarios):
            self.fixtures.tokens()
            self.say("tokens are signed")
        self.service = Service(self.options.postern, self.processes, self.fixtures, self.peers.backend)
        self.service.prepare({s.kind for s in scenarios})
        # What needs the large configuration comes last, so that the service is quiet before.
        large = [s for s in scenarios if s.kind == "large"]
        for scenario in scenarios:
            if scenario not in large:
                self.measure(scenario)
        self.probe("latency", "memory")
        if large or {"memory", "start"} & set(names):
            self.service.prepare_large()
            self.say("the large configuration is there")
        for scenario in large:
            self.measure(scenario)
        if "memory" in names:
            probes.large_memory(self, self.report)
        self.probe("start")

    def probe(self, *names):
        for name in names:
            if name in self.options.scenarios:
                getattr(probes, name)(self, self.report)
                self.say(name)


def main():
    known = [s.name for s in ALL] + list(PROBES)
    words = "\n".join([f"  {s.name:11} {s.title}" for s in ALL] + [f"  {name:11} {text}" for name, text in PROBES.items()])
    parser = argparse.ArgumentParser(description=f"{__doc__}\nScenarios\n{words}", formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--postern", required=True, help="the gateway's executable")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2, help="of each round")
    parser.add_argument("--scenarios", type=lambda text: text.split(","), default=known, help="some of them, with commas between")
    parser.add_argument("--record", action="store_true", help="also write the rows into Benchmarks/results")
    options = parser.parse_args()
    unknown = [name for name in options.scenarios if name not in known]
    if unknown:
        parser.error(f"no scenario: {', '.join(unknown)}; there are {', '.join(known)}")
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    bench = Bench(options)
    try:
        bench.run()
    finally:
        # A run that is ended early tells what it has.
        if bench.report.rows or bench.report.facts:
            bench.report.write(options, options.record)
        bench.processes.stop_all()


if __name__ == "__main__":
    main()
