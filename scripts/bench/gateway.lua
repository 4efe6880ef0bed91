-- What nginx with Lua does of the scenarios' policies: subscription keys, calls by key and minute, tokens signed RS256.
-- Signatures are checked by the OpenSSL that nginx has loaded, with what does not depend on the token made once: OpenSSL 3
-- looks algorithms up anew otherwise, at the cost of a third of the check.
local ffi, json, decoded = require "ffi", require "cjson.safe", require("ngx.base64").decode_base64url
local ssl = ffi.C
ffi.cdef [[
void *BIO_new_mem_buf(const void *buffer, int length);
void *PEM_read_bio_PUBKEY(void *bio, void **key, void *callback, void *argument);
void *EVP_MD_fetch(void *library, const char *algorithm, const char *properties);
void *EVP_MD_CTX_new(void);
int EVP_DigestInit_ex2(void *context, const void *algorithm, const void *parameters);
int EVP_DigestUpdate(void *context, const char *text, size_t length);
int EVP_DigestFinal_ex(void *context, unsigned char *digest, unsigned int *length);
void *EVP_PKEY_CTX_new(void *key, void *engine);
int EVP_PKEY_verify_init(void *context);
int EVP_PKEY_CTX_set_signature_md(void *context, const void *algorithm);
int EVP_PKEY_verify(void *context, const char *signature, size_t length, const unsigned char *digest, size_t digest_length);
]]

local gateway, subscriptions, options = {}, {}, nil
local verification, sha256, hashing, known
local digest = ffi.new("unsigned char[32]")

function gateway.start(given)
  options = given
  for line in io.lines(options.keys) do
    local key, subscription = line:match("^(%S+) (%S+)$")
    subscriptions[key] = subscription
  end
  local file = assert(io.open(options.public_key))
  local pem = file:read("*a")
  file:close()
  local key = ssl.PEM_read_bio_PUBKEY(ssl.BIO_new_mem_buf(pem, #pem), nil, nil, nil)
  assert(key ~= nil, "the public key is not readable")
  sha256, hashing = ssl.EVP_MD_fetch(nil, "SHA256", nil), ssl.EVP_MD_CTX_new()
  verification = ssl.EVP_PKEY_CTX_new(key, nil)
  -- The padding of RSA keys is PKCS #1 unless something else is said.
  assert(ssl.EVP_PKEY_verify_init(verification) == 1)
  assert(ssl.EVP_PKEY_CTX_set_signature_md(verification, sha256) == 1)
  if options.remembers then known = require("resty.lrucache").new(2048) end
end

function gateway.admit()
  local subscription = subscriptions[ngx.var.http_ocp_apim_subscription_key or ""]
  if not subscription then return ngx.exit(401) end
  local now = ngx.time()
  local calls = ngx.shared.calls:incr(subscription .. now - now % 60, 1, 0, 120)
  if calls and calls > 1000000000 then return ngx.exit(429) end
  ngx.var.subscription = subscription
end

-- Patterns are avoided: LuaJIT does not compile them.
local function claims_of(token)
  local first = token:find(".", 1, true)
  local second = first and token:find(".", first + 1, true)
  if not second then return nil end
  local header = json.decode(decoded(token:sub(1, first - 1)) or "")
  local signature = decoded(token:sub(second + 1))
  if not header or header.alg ~= "RS256" or not signature then return nil end
  ssl.EVP_DigestInit_ex2(hashing, sha256, nil)
  ssl.EVP_DigestUpdate(hashing, token, second - 1)
  ssl.EVP_DigestFinal_ex(hashing, digest, nil)
  if ssl.EVP_PKEY_verify(verification, signature, #signature, digest, 32) ~= 1 then return nil end
  local claims = json.decode(decoded(token:sub(first + 1, second - 1)) or "")
  return claims and claims.iss == options.issuer and claims.aud == options.audience and claims or nil
end

function gateway.authenticate()
  local authorization = ngx.var.http_authorization
  if not authorization or authorization:sub(1, 7) ~= "Bearer " then return ngx.exit(401) end
  local token = authorization:sub(8)
  local claims = known and known:get(token)
  if not claims then
    claims = claims_of(token)
    if not claims then return ngx.exit(401) end
    if known then known:set(token, claims) end
  end
  local now = ngx.time()
  if not claims.exp or claims.exp <= now or claims.nbf and claims.nbf > now then return ngx.exit(401) end
end

return gateway
