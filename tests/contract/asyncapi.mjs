// The AsyncAPI parser reads central/asyncapi.yaml, follows every reference, and has nothing to say against it.
// What it understood goes out as JSON, so that the tests compare it with what boxes and receivers do.

import { fileURLToPath } from "node:url";
import { Parser, fromFile } from "@asyncapi/parser";

const file = fileURLToPath(new URL("../../central/asyncapi.yaml", import.meta.url));
const { document, diagnostics } = await fromFile(new Parser(), file).parse();

for (const { severity, path, message } of diagnostics) console.error(severity, path.join("."), message);
if (document === undefined) process.exit(1);

const jws = (message) => message.extensions().get("x-jws")?.value();
const told = {
  diagnostics: diagnostics.map(({ severity, code, path }) => ({ severity, code, path: path.join(".") })),
  channels: document.channels().all().map((channel) => ({
    address: channel.address(),
    messages: channel.messages().all().map((message) => ({
      name: message.name(),
      contentType: message.contentType(),
      payload: message.payload().json(),
      header: jws(message)?.header,
      schema: jws(message)?.payload,
    })),
  })),
  operations: document.operations().all().map((operation) => ({
    id: operation.id(),
    action: operation.action(),
    address: operation.channels().all()[0].address(),
    subscription: operation.extensions().get("x-mqtt-subscription")?.value() ?? null,
    mqtt: operation.bindings().get("mqtt").json(),
  })),
  servers: document.servers().all().map((server) => ({
    host: server.host(),
    protocol: server.protocol(),
    security: server.security().flatMap((one) => one.all().map((each) => each.scheme().type())),
    mqtt: server.bindings().get("mqtt").json(),
  })),
};
console.log(JSON.stringify(told));
