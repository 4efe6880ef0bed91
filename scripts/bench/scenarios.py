"""What is measured: each scenario, who takes part in it, whom it is compared with and which ratio it aims at."""
from dataclasses import dataclass, field

from fixtures import KEY_HEADER, KNOWN_TOKENS, TOKENS
from gateway import LARGE_APIS, OPERATIONS_EACH
from peers import LOCATIONS

# With the request line and Host, about 527 bytes: what a browser-like client sends.
CLIENT_HEADERS = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
    "Accept": "application/json, text/plain, */*", "Accept-Language": "en-US,en;q=0.9", "Accept-Encoding": "gzip, deflate",
    "Cache-Control": "no-cache", "X-Request-Source": "bench-harness-client-0001", "Origin": "http://bench.test",
    "Referer": "http://bench.test/page/with/a/fairly/ordinary/path?and=query",
    "Cookie": "session=0123456789abcdef0123456789abcdef; theme=dark",
}


def named(peer):
    return peer.replace("postern", "Postern").replace("haproxy", "HAProxy").replace("nginx_lua", "nginx+Lua")


@dataclass
class Scenario:
    name: str
    title: str
    # What a peer has to do: pass, log, keyed, jwt, cache, tls, h2, h2c, large.
    kind: str = "pass"
    # The gateway's ratio to each of these peers should be at most that.
    aims: dict = field(default_factory=dict)
    peers: tuple = ("nginx", "postern")
    path: str = "x"
    body_bytes: int = 203
    post_bytes: int = 0
    # wrk, h2load, or s_time for connections with a full handshake each.
    tool: str = "wrk"
    # Tokens that requests carry in turn.
    tokens: int = 0

    @property
    def has_known_tokens(self):
        return 0 < self.tokens <= KNOWN_TOKENS

    @property
    def is_tls(self):
        return self.kind in ("tls", "h2")

    @property
    def has_large_bodies(self):
        return self.body_bytes > 4096 or self.post_bytes > 4096

    def kind_for(self, peer):
        """nginx cannot check tokens: its part is s1 then."""
        return "pass" if peer == "nginx" and self.kind == "jwt" or peer == "postern, one operation" else self.kind

    def label(self, peer):
        shown = named(peer)
        return f"{shown}, s1" if peer == "nginx" and self.kind == "jwt" else shown

    def requests(self, peer, fixtures):
        """Path and headers of the requests that are sent in turn."""
        headers = dict(CLIENT_HEADERS)
        kind = self.kind_for(peer)
        is_postern = peer.startswith("postern")
        api = f"/{kind}" if is_postern and kind in ("keyed", "jwt", "cache") else "/pass" if is_postern else ""
        if kind == "cache":
            # Those who ask for no cached answer get none.
            del headers["Cache-Control"]
        if kind == "large":
            numbers = range(0, LARGE_APIS * OPERATIONS_EACH, 11) if is_postern else range(LOCATIONS)
            each = OPERATIONS_EACH if is_postern else 1
            return [(f"/large-{n // each:04d}/things-{n % each:02d}/4711", headers) for n in numbers]
        path = f"{api}/{self.path}"
        if kind not in ("keyed", "jwt"):
            return [(path, headers)]
        tokens = fixtures.tokens()[:self.tokens] if kind == "jwt" else []
        count = max(len(fixtures.keys), len(tokens))
        return [(path, {**headers, KEY_HEADER: fixtures.keys[i % len(fixtures.keys)],
                        **({"Authorization": "Bearer " + tokens[i % len(tokens)]} if tokens else {})}) for i in range(count)]


LUA = ("nginx", "nginx_lua", "postern")
THREE = ("nginx", "haproxy", "postern")
ALL = [
    Scenario("s1", "pass-through, no log", aims={"nginx": 0.95}, peers=THREE),
    Scenario("s1b", "pass-through, JSON access log", kind="log"),
    Scenario("s1-16k", "response of 16 KB", aims={"haproxy": 1.0}, peers=THREE, path="16k", body_bytes=16 << 10),
    Scenario("s1-1m", "response of 1 MB", aims={"haproxy": 1.0}, peers=THREE, path="1m", body_bytes=1 << 20),
    Scenario("s1-post16k", "request of 16 KB", aims={"haproxy": 1.0}, peers=THREE, post_bytes=16 << 10),
    Scenario("s2", "key, limit, four header edits", kind="keyed", aims={"nginx": 1.05}, peers=LUA),
    Scenario("s3", "s2 and RS256, each token new", kind="jwt", aims={"nginx_lua": 1.0, "haproxy": 1.0},
             peers=("nginx", "nginx_lua", "haproxy", "postern"), tokens=TOKENS),
    Scenario("s3c", "s2 and RS256, known tokens", kind="jwt", aims={"nginx": 1.1, "nginx_lua": 1.0}, peers=LUA, tokens=KNOWN_TOKENS),
    Scenario("s4", "cache hit", kind="cache", aims={"nginx": 0.8}, peers=THREE, path="cached"),
    Scenario("s5", "TLS, kept alive", kind="tls", aims={"nginx": 0.95}, peers=THREE),
    Scenario("s5h", "TLS, a full handshake for each request", kind="tls", aims={"nginx": 0.95}, peers=THREE, tool="s_time"),
    Scenario("s6", "HTTP/2 over TLS", kind="h2", aims={"nginx": 1.0}, peers=THREE, tool="h2load"),
    Scenario("s6c", "HTTP/2, clear", kind="h2c", aims={"nginx": 1.0}, peers=THREE, tool="h2load"),
    # Equal but for what rounds differ by.
    Scenario("s8", "10,000 operations; nginx with 1,000 locations", kind="large", aims={"postern, one operation": 1.05},
             peers=("nginx", "postern, one operation", "postern")),
]
PROBES = {"memory": "memory of idle connections and of a large configuration", "start": "cold start from a backup",
          "latency": "latency added at half load"}
