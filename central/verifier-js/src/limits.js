/** How much of anything from outside is looked at; the same limits that boxes keep when they write. */

export const HEADER_BYTES = 512; // a JWS header as it stands in the compact form
export const PAYLOAD_BYTES = 98_304; // an event's JSON
export const EVENT_BYTES = 131_584; // an event in compact form
export const RECEIPT_BYTES = 2_048; // a receipt in compact form
export const NOTICE_BYTES = 16_000; // a notice in compact form
export const JSON_DEPTH = 12; // objects and lists within each other in an event
