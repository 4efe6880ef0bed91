import Mustache

/// The pages' markup. Every value is escaped by Mustache; nothing is loaded from elsewhere.
enum Templates {
  static func render(_ template: String, title: String, _ values: [String: Any]) -> String {
    var all = values
    all["title"] = title
    do {
      let body = try MustacheTemplate(string: template).render(all)
      return try MustacheTemplate(string: frame).render([
        "title": title, "body": body, "signedIn": values["signedIn"] ?? true,
      ])
    } catch {
      return "<!doctype html><title>Postern</title><p>This page cannot be shown.</p>"
    }
  }

  private static let frame = """
    <!doctype html>
    <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
    <title>{{title}} – Postern</title><style>
    :root{--ink:#1c2430;--soft:#5b6675;--line:#d9dee6;--ground:#f6f7f9;--accent:#0b5cad;--good:#1a7f4b;--bad:#b3261e}
    *{box-sizing:border-box}body{margin:0;font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--ground)}
    header{background:#14202e;color:#fff;padding:.7rem 1.5rem;display:flex;gap:1.5rem;align-items:center}
    header a{color:#cfe0f3;text-decoration:none}header a:hover{text-decoration:underline}header strong{font-size:1.1rem}
    header form{margin-left:auto}main{max-width:90rem;margin:1.5rem auto;padding:0 1.5rem}
    h1{font-size:1.5rem;margin:.2rem 0 1rem}h2{font-size:1.1rem;margin:0 0 .6rem}form+h2{margin-top:1.4rem}
    section{background:#fff;border:1px solid var(--line);border-radius:6px;padding:1rem 1.25rem;margin-bottom:1.25rem}
    table{border-collapse:collapse;width:100%}th{text-align:left;color:var(--soft);font-weight:600;font-size:.85rem}
    th,td{padding:.4rem .6rem;overflow-wrap:anywhere;border-bottom:1px solid var(--line);vertical-align:top}td.n{text-align:right}
    a{color:var(--accent)}pre{background:#f0f3f7;padding:.8rem;overflow:auto;border-radius:4px;margin:.4rem 0 1rem;white-space:pre-wrap;word-break:break-all}
    .on{color:var(--good);font-weight:600}.off{color:var(--bad);font-weight:600}.soft{color:var(--soft)}
    label{display:block;margin:.5rem 0 .2rem;color:var(--soft)}input,select{font:inherit;padding:.35rem .5rem;border:1px solid var(--line);border-radius:4px;min-width:16rem}
    input[type=checkbox]{min-width:0}button{font:inherit;background:var(--accent);color:#fff;border:0;border-radius:4px;padding:.4rem .9rem;cursor:pointer;margin-top:.6rem}
    header button{background:none;border:1px solid #4a5b6f;margin:0}.error{color:var(--bad);font-weight:600}
    </style></head><body><header><strong>Postern</strong>{{#signedIn}}<a href="/portal/gateways">Gateways</a>
    <a href="/portal/apis">APIs</a><a href="/portal/requests">Requests</a>
    <form method="post" action="/portal/sign-out"><button>Sign out</button></form>{{/signedIn}}</header>
    <main>{{{body}}}</main></body></html>
    """

  static let signIn = """
    <h1>Sign in</h1><section><form method="post" action="/portal/sign-in">
    <label for="credential">Administrator credential (printed by the first start of <code>postern serve</code>)</label>
    <input id="credential" name="credential" type="password" autocomplete="current-password" autofocus>
    {{#error}}<p class="error">{{error}}</p>{{/error}}<div><button>Sign in</button></div></form></section>
    """

  static let gateways = """
    <h1>Gateways</h1><section><table><tr><th>Name</th><th>Location</th><th>Description</th><th>State</th><th>Nodes</th><th>APIs</th></tr>
    {{#gateways}}<tr><td><a href="/portal/gateways/{{name}}">{{name}}</a></td><td>{{location}}</td><td>{{description}}</td>
    <td class="{{class}}">{{state}}</td><td>{{nodes}}</td><td>{{apis}}</td></tr>{{/gateways}}
    {{^gateways}}<tr><td colspan="6" class="soft">No self-hosted gateway yet. Create one below; the managed gateway runs inside this service.</td></tr>{{/gateways}}
    </table></section>
    <section><h2>New self-hosted gateway</h2>{{#error}}<p class="error">{{error}}</p>{{/error}}
    <form method="post" action="/portal/gateways"><label for="name">Name</label><input id="name" name="name" required>
    <label for="location">Location</label><input id="location" name="location" required>
    <label for="description">Description</label><input id="description" name="description"><div><button>Create</button></div></form></section>
    """

  static let gateway = """
    <h1>{{name}}</h1>
    <section><h2>State</h2><p><span class="{{class}}">{{state}}</span> · {{location}} {{#description}}· {{description}}{{/description}} · newest configuration {{version}}</p>
    <table><tr><th>Host</th><th>Instance</th><th>Version</th><th>State</th><th>Configuration</th><th>Started</th><th>Last heartbeat</th></tr>
    {{#nodes}}<tr><td>{{hostName}}</td><td>{{instanceID}}</td><td>{{version}}</td><td class="{{class}}">{{state}}</td><td>{{configuration}}</td><td>{{startedAt}}</td><td>{{lastSeen}}</td></tr>{{/nodes}}
    {{^nodes}}<tr><td colspan="7" class="soft">No node was heard from within the last ten minutes. Start one with the commands under Deployment.</td></tr>{{/nodes}}</table></section>
    <section><h2>APIs</h2><form method="post" action="/portal/gateways/{{name}}/apis">
    {{#apis}}<label><input type="checkbox" name="api" value="{{id}}"{{#isServed}} checked{{/isServed}}> {{displayName}} <span class="soft">/{{path}}</span></label>{{/apis}}
    {{^apis}}<p class="soft">There is no API yet.</p>{{/apis}}<div><button>Save</button></div></form></section>
    <section id="deployment"><h2>Deployment</h2>{{#error}}<p class="error">{{error}}</p>{{/error}}
    <form method="post" action="/portal/gateways/{{name}}/deployment#deployment">
    <label for="days">The token is valid for (days, at most 30)</label><input id="days" name="days" type="number" min="1" max="30" value="{{days}}">
    <label for="keyType">Signed with the</label><select id="keyType" name="keyType"><option value="primary">primary key</option><option value="secondary">secondary key</option></select>
    <div><button>Generate</button></div></form>
    {{#deployment}}<h2>env.conf</h2><p>Valid until {{expiry}}. It is shown only now. <a download="env.conf" href="{{download}}">Download env.conf</a></p><pre id="env">{{environmentFile}}</pre>
    <h2>Plain executable</h2><pre>{{executable}}</pre><h2>Docker</h2><pre>{{docker}}</pre><h2>Kubernetes</h2><pre>{{kubernetes}}</pre>{{/deployment}}</section>
    """

  static let apis = """
    <h1>APIs</h1><section><table><tr><th>Name</th><th>Path</th><th>Backend</th><th>Subscription</th><th>Operations</th></tr>
    {{#apis}}<tr><td>{{displayName}}</td><td>/{{path}}</td><td>{{serviceUrl}}</td><td>{{subscription}}</td><td>{{operations}}</td></tr>{{/apis}}
    {{^apis}}<tr><td colspan="5" class="soft">No API yet. Create one with the REST API; see the quick start.</td></tr>{{/apis}}</table></section>
    """

  static let requests = """
    <h1>Requests</h1><section><form method="get" action="/portal/requests"><label for="gateway">Gateway</label>
    <select id="gateway" name="gateway"><option value="">all</option>{{#gateways}}<option{{#isChosen}} selected{{/isChosen}}>{{name}}</option>{{/gateways}}</select>
    <button>Show</button></form></section>
    <section><p class="soft">{{total}} requests; the newest {{shown}} are listed.</p><table>
    <tr><th>Time (UTC)</th><th>Gateway</th><th>Location</th><th>Request</th><th>Response</th><th>API</th><th>Subscription</th><th>Total ms</th><th>Backend ms</th><th>Error</th></tr>
    {{#requests}}<tr><td>{{time}}</td><td>{{gateway}}</td><td>{{region}}</td><td>{{method}} {{url}}</td><td class="{{class}}">{{code}}</td><td>{{api}}</td><td>{{subscription}}</td><td class="n">{{total}}</td><td class="n">{{backend}}</td><td>{{error}}</td></tr>{{/requests}}
    {{^requests}}<tr><td colspan="10" class="soft">Nothing yet.</td></tr>{{/requests}}</table></section>
    """
}
