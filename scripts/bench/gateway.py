"""The management service with everything the scenarios need, and gateways that follow it."""
import http.client, json, os, re, threading, time

from fixtures import AUDIENCE, ISSUER
from processes import LOAD_CORE, PEER_CORE, free_port, tree, wait_for

SERVICE = ("/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/postern"
           "/providers/Microsoft.ApiManagement/service/postern")
LARGE_APIS, OPERATIONS_EACH, LARGE_SUBSCRIPTIONS = 100, 100, 10_000
DOCUMENT = ("<policies><inbound><base />{inbound}</inbound><backend><base /></backend><outbound><base />{outbound}</outbound>"
            "<on-error><base /></on-error></policies>")
KEYED = {
    "inbound": """<rate-limit-by-key calls="100000000" renewal-period="60" counter-key="@(context.Subscription.Id)" />
<set-header name="X-GW-Sub" exists-action="override"><value>@(context.Subscription.Id)</value></set-header>
<set-header name="X-GW-Static" exists-action="override"><value>perf</value></set-header>""",
    "outbound": """<set-header name="X-Powered-By" exists-action="delete" />
<set-header name="X-Internal-Trace" exists-action="delete" />"""}
JWT = """<validate-jwt header-name="Authorization" require-scheme="Bearer"><issuer-signing-keys><key id="bench" n="{modulus}" e="AQAB" />
</issuer-signing-keys><audiences><audience>{audience}</audience></audiences><issuers><issuer>{issuer}</issuer></issuers></validate-jwt>"""
CACHED = {"inbound": '<cache-lookup vary-by-developer="false" vary-by-developer-groups="false" />',
          "outbound": '<cache-store duration="3600" />'}


class Service:
    def __init__(self, executable, processes, fixtures, backend):
        self.executable, self.processes, self.fixtures, self.backend = executable, processes, fixtures, backend
        self.local = threading.local()
        self.port, self.https_port = free_port(), free_port()
        log = f"{processes.folder}/service.log"
        self.child = processes.start([executable, "serve", "--data-directory", f"{processes.folder}/service", "--address", "127.0.0.1",
                                      "--http-port", str(self.port), "--https-port", str(self.https_port),
                                      "--gateway-http-port", str(free_port()), "--gateway-https-port", str(free_port())],
                                     LOAD_CORE, log=log)
        wait_for(self.port, "/livez")
        self.credential = re.search(r"Administrator credential: (\S+)", open(log).read()).group(1)

    def call(self, method, path, body=None):
        """One request to the management API, over a connection that its thread keeps."""
        if not hasattr(self.local, "connection"):
            self.local.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection = self.local.connection
        connection.request(method, f"{SERVICE}{path}?api-version=2024-05-01", None if body is None else json.dumps(body),
                           {"Authorization": f"Bearer {self.credential}", "Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise SystemExit(f"{method} {path}: {answer.status} {text.decode()}")
        return json.loads(text) if text else {}

    def put(self, resource, **properties):
        self.call("PUT", resource, {"properties": properties})

    def add_api(self, name, gateway, is_keyed=False, policy=None):
        self.put(f"/apis/{name}", displayName=name, path=name, serviceUrl=f"http://127.0.0.1:{self.backend}", protocols=["http", "https"],
                 subscriptionRequired=is_keyed)
        if policy:
            self.put(f"/apis/{name}/policies/policy", format="rawxml", value=DOCUMENT.format(**policy))
        self.put(f"/gateways/{gateway}/apis/{name}", provisioningState="created")

    def add_operation(self, api, name, method, template):
        parameters = [{"name": part, "type": "string", "required": True} for part in re.findall(r"{(\w+)}", template)]
        self.put(f"/apis/{api}/operations/{name}", displayName=name, method=method, urlTemplate=template, templateParameters=parameters)

    def prepare(self, kinds):
        """The APIs of the scenarios: `pass`, and what else their kinds need."""
        self.put("/gateways/bench", locationData={"name": "bench"})
        apis = {"pass": (False, None)}
        if "keyed" in kinds:
            apis["keyed"] = (True, KEYED)
        if "jwt" in kinds:
            check = JWT.format(modulus=self.fixtures.modulus(), audience=AUDIENCE, issuer=ISSUER)
            apis["jwt"] = (True, {**KEYED, "inbound": check + KEYED["inbound"]})
        if "cache" in kinds:
            apis["cache"] = (False, CACHED)
        for name, (is_keyed, policy) in apis.items():
            self.add_api(name, "bench", is_keyed, policy)
            for method in ("GET", "POST"):
                self.add_operation(name, method.lower(), method, "/*")
        if {"keyed", "jwt"} & set(kinds):
            self.every(self.fixtures.keys, lambda i, key: self.put(
                f"/subscriptions/sub-{i:04d}", displayName=f"sub-{i:04d}", scope="/apis", primaryKey=key, secondaryKey=key[::-1]))

    def prepare_large(self):
        """A gateway of its own with 10,000 operations and 10,000 subscriptions. Nothing is measured meanwhile, so the service
        may have both cores."""
        self.pin({int(PEER_CORE), int(LOAD_CORE)})
        self.put("/gateways/large", locationData={"name": "large"})
        self.every(range(LARGE_APIS), lambda i, _: self.add_api(f"large-{i:04d}", "large"))
        self.every(range(LARGE_APIS * OPERATIONS_EACH), lambda i, _: self.add_operation(
            f"large-{i // OPERATIONS_EACH:04d}", f"get-{i % OPERATIONS_EACH}", "GET", f"/things-{i % OPERATIONS_EACH:02d}/{{id}}"))
        self.every(range(LARGE_SUBSCRIPTIONS), lambda i, _: self.put(
            f"/subscriptions/large-{i:05d}", displayName=f"large-{i:05d}", scope=f"/apis/large-{i % LARGE_APIS:04d}",
            primaryKey=f"{i + 10**20:032x}", secondaryKey=f"{i + 10**21:032x}"))
        self.pin({int(LOAD_CORE)})

    def pin(self, cores):
        for process in tree(self.child.pid):
            for task in os.listdir(f"/proc/{process}/task"):
                try:
                    os.sched_setaffinity(int(task), cores)
                except ProcessLookupError:
                    pass

    def every(self, items, change):
        """Makes changes, four at a time."""
        items, failures = list(enumerate(items)), []
        def work(part):
            try:
                for number, item in part:
                    change(number, item)
            except (SystemExit, OSError, http.client.HTTPException) as failure:
                failures.append(failure)
        threads = [threading.Thread(target=work, args=(items[n::4],)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise SystemExit(f"the service could not be set up: {failures[0]}")

    def command(self, gateway, folder, logs="none"):
        """What starts a gateway, its environment and its ports; the folder keeps its backup."""
        expiry = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 86_400))
        text = self.call("POST", f"/gateways/{gateway}/getDeployment", {"keyType": "primary", "expiry": expiry})["environmentFile"]
        with open(f"{folder}.conf", "w") as file:
            file.write(text)
        ports = {"http": free_port(), "https": free_port()}
        return [self.executable, "gateway", "--env-file", f"{folder}.conf"], {
            "NET_SERVER_HTTP_PORT": str(ports["http"]), "NET_SERVER_HTTPS_PORT": str(ports["https"]),
            "NET_SERVER_ADDRESS": "127.0.0.1", "NET_SERVER_THREADS": "1", "CONFIG_BACKUP_PATH": folder,
            "NET_SERVER_TLS_CERTIFICATE_PATH": self.fixtures.certificate,
            "NET_SERVER_TLS_PRIVATEKEY_PATH": self.fixtures.private_key,
            "TELEMETRY_LOGS_STD": logs, "TELEMETRY_METRICS_CLOUD": "false"}, ports

    def gateway(self, scenario, name="bench"):
        folder = f"{self.processes.folder}/gateway-{free_port()}"
        command, env, ports = self.command(name, folder, "json" if scenario.kind == "log" else "none")
        child = self.processes.start(command, PEER_CORE, env, f"{folder}.log")
        wait_for(ports["http"], "/readyz", 60)
        return child, ports["https" if scenario.is_tls else "http"]
