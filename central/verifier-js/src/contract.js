/** The contract in JSON Schema, compiled once. */

import { readFileSync, readdirSync } from "node:fs";
import Ajv2020 from "ajv/dist/2020.js";

const SHIPPED = new URL("../../schemas/", import.meta.url);
const LONGEST_OBJECTION = 400; // characters

/** Says whether something is what the published schemas call an event, a receipt, a notice. */
export class Contract {
  #ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
  #ids = new Map(); // by a schema's file name without its ending

  /** @param {URL} folder Where the schemas are. */
  constructor(folder = SHIPPED) {
    this.#ajv.addFormat("date-time", isMoment);
    for (const file of readdirSync(folder).filter((name) => name.endsWith(".json"))) {
      const schema = JSON.parse(readFileSync(new URL(file, folder), "utf8"));
      this.#ajv.addSchema(schema);
      this.#ids.set(file.slice(0, -".json".length), schema.$id);
    }
  }

  /**
   * Say what is wrong with something, or null.
   *
   * @param {string} kind A schema's name: `receipt`, `notice`, `play` ...
   * @param {unknown} content The JSON value.
   */
  objection(kind, content) {
    const check = this.#ajv.getSchema(this.#ids.get(kind));
    if (check(content)) return null;
    const [error] = check.errors;
    return `${error.instancePath || "/"}: ${error.message}`.slice(0, LONGEST_OBJECTION);
  }

  /**
   * Say what is wrong with an event, or null.
   *
   * @param {Record<string, any>} event The JSON object; its signature has been verified.
   */
  objectionToEvent(event) {
    const kind = /^kz\.estu\.([a-z]+)\.v1$/.exec(event.type)?.[1];
    const objection = this.objection(this.#ids.has(kind) ? kind : "event", event);
    if (objection !== null) return objection;
    if (event.id !== `${event.box}/${event.seq}` || event.source !== `urn:estu:box:${event.box}`) {
      return "/id or /source: names another box or number than the event";
    }
    return null;
  }
}

/** A time that is in the calendar; the schemas' patterns already hold its spelling to that of `toISOString`. */
function isMoment(text) {
  const moment = new Date(text);
  return !Number.isNaN(moment.getTime()) && moment.toISOString() === text && !text.startsWith("0000");
}
