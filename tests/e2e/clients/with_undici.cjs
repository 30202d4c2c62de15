"use strict";
// node with_undici.cjs AGENT VERSION URL BODY: posts BODY through undici's EnvHttpProxyAgent or ProxyAgent, prints the answer.
const { EnvHttpProxyAgent, ProxyAgent, fetch } = require("undici");

const [agent, version, url, body] = process.argv.slice(2);
const options = version === "HTTP/2" ? { allowH2: true, requestTls: { allowH2: true } } : {};

const dispatcher =
  agent === "ProxyAgent"
    ? new ProxyAgent({ ...options, uri: process.env.HTTPS_PROXY })
    : new EnvHttpProxyAgent(options);

fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body, dispatcher })
  .then((response) => response.text())
  .then((text) => process.stdout.write(text));
