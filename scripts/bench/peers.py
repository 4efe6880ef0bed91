"""The backend, and nginx, nginx with Lua and HAProxy set up to do what a scenario asks of the gateway.

They get what makes them fast: connections kept to the backend, one worker, no log unless the scenario has one, and for
large bodies buffers that hold them (with its own buffers nginx writes them to files).
"""
import os

from fixtures import AUDIENCE, ISSUER, KEY_HEADER
from processes import LOAD_CORE, PEER_CORE, free_port, wait_for, wait_until_open

BODY = "x" * 203
LOCATIONS = 1_000
TLS_KINDS = ("tls", "h2")
LUA_MODULES = "".join(f"load_module /usr/lib/nginx/modules/{name}.so; " for name in ("ndk_http_module", "ngx_http_lua_module"))
EDITS = ("proxy_set_header X-GW-Sub $subscription; proxy_set_header X-GW-Static perf; "
         "proxy_hide_header X-Powered-By; proxy_hide_header X-Internal-Trace;")
SCRIPTS = os.path.dirname(os.path.abspath(__file__))


class Peers:
    def __init__(self, processes, fixtures):
        self.processes, self.fixtures = processes, fixtures
        self.backend = free_port()

    def folder(self, name):
        path = f"{self.processes.folder}/{name}-{free_port()}"
        os.makedirs(path)
        return path

    def write_keys(self, path):
        with open(path, "w") as file:
            file.write("".join(f"{key} sub-{i:04d}\n" for i, key in enumerate(self.fixtures.keys)))

    def run_nginx(self, folder, http, server, core, modules=""):
        temporary = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        with open(f"{folder}/nginx.conf", "w") as file:
            file.write(f"""{modules}daemon off; master_process on; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log error;
worker_rlimit_nofile 20000; events {{ worker_connections 19000; }}
http {{ keepalive_requests 1000000000; keepalive_timeout 3600s; tcp_nodelay on; server_tokens off; access_log off;
client_max_body_size 64m; {temporary}
{http}
server {{ {server} }} }}
""")
        return self.processes.start(["nginx", "-p", folder, "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf"], core)

    def start_backend(self):
        folder = self.folder("backend")
        for name, size in (("16k", 16 << 10), ("1m", 1 << 20)):
            with open(f"{folder}/{name}", "w") as file:
                file.write("x" * size)
        # The time in the cached body tells whether two answers are one.
        server = f"""listen 127.0.0.1:{self.backend} backlog=8192; default_type application/json; root {folder};
add_header X-Powered-By bench; add_header X-Internal-Trace abc;
location = /16k {{ }} location = /1m {{ }}
location = /cached {{ add_header Cache-Control "public, max-age=3600"; return 200 "{BODY[:189]}$msec"; }}
location / {{ return 200 "{BODY}"; }}"""
        self.run_nginx(folder, "sendfile on; tcp_nopush on; open_file_cache max=100;", server, LOAD_CORE)
        wait_for(self.backend)

    # -- nginx

    def nginx(self, scenario, has_lua=False):
        kind, port, folder, keys = scenario.kind, free_port(), self.folder("nginx"), self.fixtures.keys
        http = [f"upstream b {{ server 127.0.0.1:{self.backend}; keepalive 256; keepalive_requests 1000000000; keepalive_timeout 3600s; }}"]
        proxied = ['proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;',
                   "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;"]
        listen = f"listen 127.0.0.1:{port}{ {'tls': ' ssl', 'h2': ' ssl http2', 'h2c': ' http2'}.get(kind, '')} backlog=8192;"
        if kind in TLS_KINDS:
            listen += (f" ssl_certificate {self.fixtures.certificate}; ssl_certificate_key {self.fixtures.private_key};"
                       " ssl_protocols TLSv1.2 TLSv1.3;")
        if scenario.has_large_bodies:
            http.append("client_body_buffer_size 128k; proxy_buffer_size 16k; proxy_buffers 16 32k; proxy_busy_buffers_size 64k;"
                        " proxy_max_temp_file_size 0;")
        if kind == "log":
            http.append("log_format j escape=json '{\"time\":\"$time_iso8601\",\"peer\":\"$remote_addr\",\"method\":\"$request_method\","
                        "\"url\":\"$request_uri\",\"status\":$status,\"bytes\":$bytes_sent,\"request\":$request_length,"
                        "\"duration\":$request_time,\"backend\":\"$upstream_addr\",\"backendStatus\":\"$upstream_status\","
                        "\"backendTime\":\"$upstream_response_time\",\"protocol\":\"$server_protocol\",\"id\":\"$request_id\"}';")
            proxied.append(f"access_log {folder}/access.log j buffer=32k flush=1s;")
        if has_lua:
            self.write_keys(f"{folder}/keys")
            http.append(f'lua_package_path "{SCRIPTS}/?.lua;;"; lua_shared_dict calls 10m; init_by_lua_block {{ require "resty.core"; '
                        f'gateway = require "gateway"; gateway.start({{ keys = "{folder}/keys", public_key = "{self.fixtures.public_key}", '
                        f'issuer = "{ISSUER}", audience = "{AUDIENCE}", remembers = {str(scenario.has_known_tokens).lower()} }}) }}')
            steps = "gateway.admit()" + (" gateway.authenticate()" if kind == "jwt" else "")
            proxied.append(f'set $subscription ""; access_by_lua_block {{ {steps} }} {EDITS}')
        elif kind == "keyed":
            entries = "".join(f'"{key}" "sub-{i:04d}";\n' for i, key in enumerate(keys))
            http.append("map_hash_max_size 16384; map_hash_bucket_size 128; "
                        f'map $http_ocp_apim_subscription_key $subscription {{ default ""; {entries} }} '
                        "limit_req_zone $http_ocp_apim_subscription_key zone=rl:10m rate=1000000r/s; limit_req_status 429;")
            proxied.append(f'if ($subscription = "") {{ return 401; }} limit_req zone=rl burst=1000000 nodelay; {EDITS}')
        if kind == "cache":
            http.append(f"proxy_cache_path {folder}/cache levels=1:2 keys_zone=c:10m max_size=100m inactive=1h use_temp_path=off;")
            proxied.append("proxy_cache c; proxy_cache_key $request_uri;")
        text = " ".join(proxied) + " proxy_pass http://b;"
        locations = f"location / {{ {text} }}"
        if kind == "large":
            locations = " ".join(f"location /large-{i:04d}/ {{ {text} }}" for i in range(LOCATIONS))
        child = self.run_nginx(folder, "\n".join(http), f"{listen}\n{locations}", PEER_CORE,
                               LUA_MODULES if has_lua else "")
        wait_until_open(child, port, f"{folder}/error.log")
        return child, port

    def nginx_lua(self, scenario):
        return self.nginx(scenario, has_lua=True)

    # -- HAProxy

    def haproxy(self, scenario):
        kind, port, folder = scenario.kind, free_port(), self.folder("haproxy")
        settings, front, sections, bind = [], ["option forwardfor"], [], f"bind 127.0.0.1:{port} backlog 8192"
        if kind in TLS_KINDS:
            bind += f" ssl crt {self.fixtures.both} alpn {'h2,http/1.1' if kind == 'h2' else 'http/1.1'}"
        if kind == "h2c":
            bind += " proto h2"
        if scenario.has_large_bodies:
            settings.append("tune.bufsize 32768")
        if kind == "jwt":
            self.write_keys(f"{folder}/keys.map")
            sections.append("backend rl\n  stick-table type string len 40 size 100k expire 120s store http_req_rate(60s)")
            deny = "http-request deny deny_status 401 unless"
            front += [
                f"http-request set-var(txn.sub) req.hdr({KEY_HEADER}),map_str({folder}/keys.map)", f"{deny} {{ var(txn.sub) -m found }}",
                f"http-request track-sc0 req.hdr({KEY_HEADER}) table rl",
                "http-request deny deny_status 429 if { sc0_http_req_rate(rl) gt 1000000000 }",
                "http-request set-var(txn.bearer) http_auth_bearer",
                "http-request set-var(txn.alg) var(txn.bearer),jwt_header_query('$.alg')", f"{deny} {{ var(txn.alg) -m str RS256 }}",
                f"{deny} {{ var(txn.bearer),jwt_verify(txn.alg,\"{self.fixtures.public_key}\") 1 }}",
                f"{deny} {{ var(txn.bearer),jwt_payload_query('$.iss') -m str {ISSUER} }}",
                f"{deny} {{ var(txn.bearer),jwt_payload_query('$.aud') -m str {AUDIENCE} }}",
                "http-request set-var(txn.exp) var(txn.bearer),jwt_payload_query('$.exp','int')", "http-request set-var(txn.now) date()",
                "http-request deny deny_status 401 if { var(txn.exp),sub(txn.now) -m int lt 0 }",
                "http-request set-header X-GW-Sub %[var(txn.sub)]", "http-request set-header X-GW-Static perf",
                "http-response del-header X-Powered-By", "http-response del-header X-Internal-Trace"]
        if kind == "cache":
            sections.append("cache c\n  total-max-size 64\n  max-object-size 100000\n  max-age 3600")
            front += ["http-request cache-use c", "http-response cache-store c"]
        join = "\n  ".join
        with open(f"{folder}/haproxy.cfg", "w") as file:
            file.write(f"""global
  {join(["nbthread 1", "maxconn 9500"] + settings)}
defaults
  mode http
  timeout client 3600s
  timeout server 60s
  timeout connect 5s
  timeout http-keep-alive 3600s
  http-reuse always
{chr(10).join(sections)}
frontend f
  {join([bind] + front + ["default_backend b"])}
backend b
  server s1 127.0.0.1:{self.backend} pool-purge-delay 3600s
""")
        child = self.processes.start(["haproxy", "-db", "-f", f"{folder}/haproxy.cfg"], PEER_CORE, log=f"{folder}/log")
        wait_until_open(child, port, f"{folder}/log")
        return child, port
