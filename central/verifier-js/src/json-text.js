/**
 * JSON that has one reading.
 *
 * `JSON.parse` takes the last of two members with one name, gives no sign whether a number was written `7` or `7.0`,
 * and lets halves of surrogate pairs pass. Another reader may see another event in such a text, so it is refused.
 */

import { parse } from "@humanwhocodes/momoa";
import { Refused } from "./refused.js";

const UTF_8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Read one JSON object.
 *
 * @param {Uint8Array} bytes UTF-8, without a byte order mark.
 * @param {number} depth How many objects and lists may stand within each other.
 * @param {string} code What it is refused as.
 * @returns {{content: Record<string, any>, whole: Set<string>}} The object, and the names of those of its members that
 *   are whole numbers written without a point or an exponent.
 * @throws {Refused} It is not one JSON object, or two readers could understand it differently.
 */
export function load(bytes, depth, code) {
  const refuse = (why) => new Refused(code, `The text ${why}.`);
  let text, content;
  try {
    text = UTF_8.decode(bytes);
    content = JSON.parse(text);
  } catch {
    throw refuse("is not JSON");
  }
  if (content === null || typeof content !== "object" || Array.isArray(content)) throw refuse("is no JSON object");
  if (depthOf(content) > depth) throw refuse(`is nested more than ${depth} deep`);
  return { content, whole: wholeNumbers(text, refuse) };
}

/** Look at the text itself: each name once, each number finite, each character whole. */
function wholeNumbers(text, refuse) {
  const root = parse(text, { mode: "json", ranges: true }).body;
  const left = [root];
  while (left.length > 0) {
    const node = left.pop();
    if (node.type === "Object") {
      const names = new Set(node.members.map((member) => member.name.value));
      if (names.size !== node.members.length) throw refuse("gives a name twice in one object");
      left.push(...node.members.flatMap((member) => [member.name, member.value]));
    } else if (node.type === "Array") {
      for (const element of node.elements) left.push(element.value);
    } else if (node.type === "Number" && !Number.isFinite(node.value)) {
      throw refuse("holds a number that is larger than a double");
    } else if (node.type === "String" && !node.value.isWellFormed()) {
      throw refuse("holds half of a surrogate pair");
    }
  }
  const whole = root.members.filter(({ value }) => value.type === "Number" && /^-?\d+$/.test(text.slice(...value.range)));
  return new Set(whole.map((member) => member.name.value));
}

/** Count the objects and lists within each other, level by level rather than by recursion. */
function depthOf(content) {
  let level = [content];
  for (let depth = 0; ; depth += 1) {
    level = level.filter((part) => part !== null && typeof part === "object");
    if (level.length === 0) return depth;
    level = level.flatMap((part) => Object.values(part));
  }
}
