// Keeps the first page alive: the level each second, the rest when it changes. Without this the page stands as it was
// loaded. Nothing is asked for while nobody looks.
"use strict";

const byId = (name) => document.getElementById(name);
const MOMENTS = 120; // seconds that the trace shows
const trace = [];
let failures = 0;

function percent(part) {
  return `${(100 * part).toFixed(1)}%`;
}

function draw(level) {
  trace.push(level === null ? 0 : level);
  if (trace.length > MOMENTS) trace.shift();
  const start = MOMENTS - trace.length;
  const points = trace.map((part, at) => `L${start + at} ${(100 - 100 * part).toFixed(1)}`);
  const path = `M${start} 100 ${points.join(" ")} L${MOMENTS - 1} 100 Z`;
  byId("trace").firstElementChild.setAttribute("d", path);
}

function replace(place, html) {
  // Compared as it came, so that a screen reader hears of what is new only.
  if (place.dataset.shown === html) return;
  place.dataset.shown = html;
  place.innerHTML = html;
}

function show(now) {
  byId("fill").setAttribute("width", percent(now.level || 0));
  byId("floor").setAttribute("x", percent(now.floor || 0));
  byId("floor").setAttribute("visibility", now.floor === null ? "hidden" : "visible");
  const meter = byId("meter");
  meter.setAttribute("aria-valuenow", Math.round(100 * (now.level || 0)));
  meter.setAttribute("aria-valuetext", now.word);
  byId("word").textContent = now.word;
  byId("as-of").textContent = now.clock;
  draw(now.level);
  const condition = byId("condition");
  condition.className = `condition light-${now.light}`;
  replace(condition, now.parts.condition);
  replace(byId("answers"), now.parts.answers);
}

async function look() {
  if (!document.hidden) {
    try {
      const answer = await fetch("/live", { cache: "no-store", signal: AbortSignal.timeout(5000) });
      if (!answer.ok) throw new Error(String(answer.status));
      show(await answer.json());
      failures = 0;
    } catch {
      failures += 1;
    }
    byId("lost").hidden = failures < 3;
    document.body.classList.toggle("is-lost", failures >= 3);
  }
  setTimeout(look, 1000);
}

look();
