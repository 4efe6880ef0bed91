"""OpenID Connect issuers for the tests of validate-jwt: the package oidc-provider-mock as it is, and one with a key for
every algorithm, whose tokens joserfc signs.

Prints one line of JSON with the addresses of both, then answers each line of standard input with one line:
    user                    an id_token of the first, by the flow of a browser
    token ALG [NAME=JSON]…  a token of the second; claims may be replaced
    foreign ALG             a token with a key that has the right identifier and is another
    rotate                  new keys instead of the old ones
    stop, start             the second issuer goes away and comes back at the same port
"""
import base64
import http.server
import json
import logging
import sys
import threading
import time
import urllib.parse

import httpx
import oidc_provider_mock
from joserfc import jwk, jwt

logging.disable(logging.CRITICAL)
SECRET = base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}


class Keys:
    """One key for each kind of algorithm, with identifiers of one generation."""

    def __init__(self, generation):
        self.all = {"RS": jwk.RSAKey.generate_key(2048, {"kid": f"rsa-{generation}", "use": "sig"})}
        for algorithm, curve in CURVES.items():
            self.all[algorithm] = jwk.ECKey.generate_key(curve, {"kid": f"{curve}-{generation}", "use": "sig"})

    def of(self, algorithm):
        if algorithm.startswith("HS"):
            return jwk.OctKey.import_key({"kty": "oct", "k": base64.urlsafe_b64encode(base64.b64decode(SECRET)).decode().rstrip("=")})
        return self.all["RS" if algorithm[:2] in ("RS", "PS") else algorithm]

    def published(self):
        return {"keys": [key.as_dict(private=False) for key in self.all.values()]}


class Issuer:
    def __init__(self):
        self.generation = 1
        self.keys = Keys(1)
        self.port = 0
        self.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                documents = {
                    "/.well-known/openid-configuration": {"issuer": issuer.url, "jwks_uri": issuer.url + "/keys"},
                    "/keys": issuer.keys.published(),
                }
                found = documents.get(self.path)
                body = json.dumps(found or {}).encode()
                self.send_response(200 if found else 404)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def rotate(self):
        self.generation += 1
        self.keys = Keys(self.generation)

    def token(self, algorithm, changes=(), keys=None):
        now = int(time.time())
        claims = {"iss": self.url, "aud": "echo", "sub": "ada", "iat": now, "exp": now + 600}
        for change in changes:
            name, value = change.split("=", 1)
            claims[name] = json.loads(value)
        header = {"alg": algorithm}
        named = self.keys.of(algorithm)
        if named.kid:
            header["kid"] = named.kid
        return jwt.encode(header, claims, (keys or self.keys).of(algorithm), algorithms=[algorithm])


def id_token(base):
    """What a browser and an application do together: sign in, take the code, change it for a token."""
    back = "http://127.0.0.1/back"
    client = {"client_id": "echo", "redirect_uri": back, "response_type": "code", "scope": "openid email"}
    answer = httpx.post(f"{base}/oauth2/authorize", params=client, data={"sub": "ada"})
    code = urllib.parse.parse_qs(urllib.parse.urlparse(answer.headers["location"]).query)["code"][0]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": back}
    return httpx.post(f"{base}/oauth2/token", data=form, auth=("echo", "secret")).json()["id_token"]


def main():
    issuer = Issuer()
    with oidc_provider_mock.run_server_in_thread() as server:
        provider = f"http://127.0.0.1:{server.server_port}"
        print(json.dumps({"provider": provider, "issuer": issuer.url, "secret": SECRET}), flush=True)
        for line in sys.stdin:
            command, *words = line.split()
            answer = "ok"
            if command == "user":
                answer = id_token(provider)
            elif command == "token":
                answer = issuer.token(words[0], words[1:])
            elif command == "foreign":
                answer = issuer.token(words[0], keys=Keys(issuer.generation))
            else:
                getattr(issuer, command)()
            print(answer, flush=True)


main()
