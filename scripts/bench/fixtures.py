"""Keys, tokens and certificates that the peers and the load agree on."""
import base64, hashlib, json, multiprocessing, os, re, subprocess, time

KEY_HEADER = "Ocp-Apim-Subscription-Key"
ISSUER, AUDIENCE = "https://issuer.test/", "api://bench"
KEYS = 1_000
# The first hundred are those that a gateway comes to know. All of them, in turn, are several times what it remembers
# (2,048, in sets of eight).
TOKENS, KNOWN_TOKENS = 8_192, 100
YEAR = 365 * 86_400


def base64url(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def openssl(*arguments):
    return subprocess.run(["openssl", *arguments], check=True, capture_output=True, text=True).stdout


class RSAKey:
    """A 2048-bit key that signs as RS256 does: a thousand tokens by the openssl command would take a thousand processes."""

    def __init__(self, path):
        text = openssl("rsa", "-in", path, "-noout", "-text")
        def number(name):
            return int(re.sub(r"[\s:]", "", re.search(rf"^{name}:\n((?:\s+[0-9a-f:]+\n)+)", text, re.M).group(1)), 16)
        self.modulus, self.p, self.q = number("modulus"), number("prime1"), number("prime2")
        self.dp, self.dq, self.inverse = number("exponent1"), number("exponent2"), number("coefficient")

    def sign(self, message):
        """RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017), by the Chinese remainder theorem."""
        info = bytes.fromhex("3031300d060960864801650304020105000420") + hashlib.sha256(message).digest()
        padded = int.from_bytes(b"\x00\x01" + b"\xff" * (256 - 3 - len(info)) + b"\x00" + info, "big")
        at_p, at_q = pow(padded, self.dp, self.p), pow(padded, self.dq, self.q)
        return (at_q + self.inverse * (at_p - at_q) % self.p * self.q).to_bytes(256, "big")


def token(key, number, now):
    def part(value):
        return base64url(json.dumps(value, separators=(",", ":")).encode())
    signed = part({"alg": "RS256", "typ": "JWT", "kid": "bench"}) + "." + part({
        "iss": ISSUER, "aud": AUDIENCE, "sub": f"user-{number:04d}", "scp": "orders.read orders.write", "iat": now - 60,
        "nbf": now - 60, "exp": now + 10 * YEAR, "jti": f"{number:032x}"})
    return signed + "." + base64url(key.sign(signed.encode()))


class Fixtures:
    """Made once and kept in a folder, except for the certificate and what follows from constants."""

    def __init__(self, folder):
        folder = os.path.abspath(folder)
        os.makedirs(folder, exist_ok=True)
        self.keys = [f"{i:032x}" for i in range(10**30, 10**30 + KEYS)]
        self.signing_key, self.public_key = f"{folder}/signing.pem", f"{folder}/signing.pub"
        self.certificate, self.private_key, self.both = (f"{folder}/tls{end}" for end in (".crt", ".key", ".pem"))
        if not os.path.exists(self.signing_key):
            openssl("genrsa", "-out", self.signing_key, "2048")
        openssl("rsa", "-in", self.signing_key, "-pubout", "-out", self.public_key)
        openssl("req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-days", "30",
                "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                "-keyout", self.private_key, "-out", self.certificate)
        with open(self.both, "w") as file:
            file.write(open(self.certificate).read() + open(self.private_key).read())
        self.folder = folder

    def modulus(self):
        return base64url(RSAKey(self.signing_key).modulus.to_bytes(256, "big"))

    def tokens(self):
        """Signed when first asked for, which takes half a minute, and kept beside their key."""
        path = f"{self.folder}/tokens-{TOKENS}.json"
        if not os.path.exists(path) or os.path.getmtime(path) < os.path.getmtime(self.signing_key):
            key, now = RSAKey(self.signing_key), int(time.time())
            with multiprocessing.Pool() as pool:
                made = pool.starmap(token, [(key, i, now) for i in range(TOKENS)], chunksize=64)
            with open(path, "w") as file:
                json.dump(made, file)
        return json.load(open(path))
