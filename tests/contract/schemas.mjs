// Ajv reads the JSON Schemas in its strict mode and says of each test vector whether they allow it.

import { readFileSync, readdirSync } from "node:fs";
import Ajv2020 from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

const central = new URL("../../central/", import.meta.url);
const read = (path) => JSON.parse(readFileSync(new URL(path, central), "utf8"));
const payload = ({ payload, jws }) => JSON.parse(payload ?? Buffer.from(jws.split(".")[1], "base64url"));

const ajv = new Ajv2020({ strict: true, strictRequired: true, allowUnionTypes: true, allErrors: true });
addFormats(ajv);
const ids = {};
for (const file of readdirSync(new URL("schemas/", central))) {
  const schema = read(`schemas/${file}`);
  ajv.addSchema(schema);
  ids[file] = schema.$id;
}

const said = [];
function ask(file, name, schema, content) {
  const check = ajv.getSchema(ids[schema] ?? ids["event.json"]);
  said.push({ file, name, schema, valid: check(content), errors: check.errors ?? [] });
}

for (const file of ["events.json", "rejected.json"]) {
  for (const vector of read(`vectors/${file}`).vectors) {
    if (vector.reason && !vector.keeps_place) continue; // no event, or nobody's: no schema is asked about it
    const event = payload(vector);
    ask(file, vector.name, `${/^kz\.estu\.([a-z]+)\.v1$/.exec(event.type)?.[1]}.json`, event);
  }
}
for (const [file, schema] of [["receipts.json", "receipt.json"], ["notices.json", "notice.json"]]) {
  for (const vector of read(`vectors/${file}`).vectors) ask(file, vector.name, schema, payload(vector));
}
for (const vector of read("vectors/presences.json").vectors) {
  ask("presences.json", vector.name, "presence.json", payload(vector));
}
console.log(JSON.stringify({ ids, said }));
