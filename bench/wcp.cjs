// whatsapp-chat-parser over one file: node wcp.cjs FILE
const fs = require("fs");
const { parseString } = require("whatsapp-chat-parser");
const started = process.hrtime.bigint();
const text = fs.readFileSync(process.argv[2], "utf8");
const found = parseString(text, { parseAttachments: true });
console.log(JSON.stringify({ seconds: Number(process.hrtime.bigint() - started) / 1e9, messages: found.length }));
