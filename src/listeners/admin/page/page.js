// Keeps the page up to date while it is open, and copies commands. Without it the page shows the state of its request.
"use strict";

const words = { current: ["✓", "Current"], stale: ["⚠", "Stale"], not_ready: ["✗", "Not ready"], leaving: ["⏻", "Leaving"] };
const perSecond = (value) => `${value.toFixed(1)}/s`;
const shown = {
  answers_per_second: perSecond,
  nxdomain_per_second: perSecond,
  servfail_per_second: perSecond,
  upstream_queries_per_second: perSecond,
  hit_ratio: (value) => (value === null ? "–" : `${(value * 100).toFixed(1)} %`),
  p99_microseconds: (value) => (value === null ? "–" : value < 1000 ? `${value.toFixed(0)} µs` : `${(value / 1000).toFixed(1)} ms`),
  nomad_age_seconds: (value) => (value === null ? "never" : `${value.toFixed(0)} s`),
};
const hidden = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;
const visible = (text) => text.replace(hidden, (it) => `\\u{${it.codePointAt(0).toString(16)}}`);

function put(id, text) {
  const element = document.getElementById(id);
  // Only a change is put in, so that a screen reader reads a state once.
  if (element && element.textContent !== text) element.textContent = text;
}

function draw(card, value) {
  const svg = card.querySelector("svg");
  const values = svg.dataset.values ? svg.dataset.values.split(",") : [];
  values.push(value === null ? "" : value.toFixed(6));
  if (values.length > 120) values.shift();
  svg.dataset.values = values.join(",");
  const numbers = values.map((it) => (it === "" ? null : Number(it)));
  const most = Math.max(0, ...numbers.filter((it) => it !== null));
  const step = 240 / (Math.max(numbers.length, 2) - 1);
  let line = "", area = "", last = null;
  numbers.forEach((number, place) => {
    const x = (place * step).toFixed(1);
    if (number === null) {
      if (last !== null) area += `L${last} 44Z`;
      last = null;
      return;
    }
    const y = (42 - (most > 0 ? (number / most) * 40 : 0)).toFixed(1);
    line += `${last === null ? "M" : "L"}${x} ${y}`;
    area += last === null ? `M${x} 44L${x} ${y}` : `L${x} ${y}`;
    last = x;
  });
  if (last !== null) area += `L${last} 44Z`;
  svg.querySelector(".line").setAttribute("d", line);
  svg.querySelector(".area").setAttribute("d", area);
}

function update(live) {
  const { banner, sample } = live;
  const [icon, word] = words[banner.state];
  document.querySelector(".banner").dataset.state = banner.state;
  put("banner-icon", icon);
  put("banner-headline", banner.headline);
  put("banner-detail", visible(banner.detail));
  document.title = `${icon} ${word} · ${document.title.split(" · ").slice(1).join(" · ")}`;
  put("services", live.services.toLocaleString("en-US"));
  put("instances", live.instances.toLocaleString("en-US"));
  put("failing", live.failing_services.toLocaleString("en-US"));
  for (const card of document.querySelectorAll(".card")) {
    const value = sample[card.dataset.key];
    if (value === undefined) continue;
    card.querySelector(".value").textContent = shown[card.dataset.key](value);
    draw(card, value);
  }
  put("live-note", "Live");
}

let first = true;
const events = new EventSource("/api/events");
events.addEventListener("live", (event) => {
  // The page has what the first event says.
  if (first) put("live-note", "Live");
  else update(JSON.parse(event.data));
  first = false;
});
events.addEventListener("error", () => put("live-note", "Not live: the gateway does not answer; trying again"));
addEventListener("pagehide", () => events.close());

if (navigator.clipboard) {
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const label = button.textContent;
      try {
        await navigator.clipboard.writeText(button.dataset.copy);
        button.textContent = "copied";
      } catch {
        button.textContent = "not allowed";
      }
      setTimeout(() => { button.textContent = label; }, 1200);
    });
  }
}
