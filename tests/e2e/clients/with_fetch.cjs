"use strict";
// node with_fetch.cjs URL BODY: posts BODY with Node's own fetch and prints the answer.

const [url, body] = process.argv.slice(2);

fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body, signal: AbortSignal.timeout(20_000) })
  .then((response) => response.text())
  .then((text) => process.stdout.write(text));
