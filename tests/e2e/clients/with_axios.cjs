"use strict";
const axios = require("axios");
const [url, body] = process.argv.slice(2);
axios.post(url, JSON.parse(body)).then((response) => process.stdout.write(JSON.stringify(response.data)));
