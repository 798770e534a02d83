"use strict";
// What comes from the API is only ever put into text nodes.

const KEY = "fleetcast-operator";
const byId = (id) => document.getElementById(id);

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined && text !== null) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function say(id, text, bad) {
  const state = byId(id);
  state.textContent = text;
  state.className = bad ? "bad" : "";
}

async function ask(path) {
  const credential = sessionStorage.getItem(KEY);
  if (!credential) throw new Error("Give a credential first.");
  const answer = await fetch(path, { headers: { Authorization: `Bearer ${credential}` } });
  const document = await answer.json();
  if (!answer.ok) throw new Error(`${document.title}: ${document.detail}`);
  return document;
}

function showKey() {
  say("keyState", sessionStorage.getItem(KEY) ? "A credential is kept until this tab is closed." : "");
}

function since(start, at) {
  const ms = Date.parse(at) - Date.parse(start);
  return Number.isFinite(ms) ? `${ms >= 0 ? "+" : ""}${(ms / 1000).toFixed(3)} s` : "";
}

function stepRow(step, start) {
  const row = element("tr");
  const device = [step.platform, step.model, step.app_version].filter(Boolean).join(" ");
  const socket = [step.gateway, step.client].filter(Boolean).join(" / ");
  const where = [step.installation, step.provider, device, socket].filter(Boolean).join(" · ");
  const said = [step.detail, step.provider_id, step.attempt ? `attempt ${step.attempt}` : ""].filter(Boolean).join(" · ");
  row.append(
    element("td", step.at, "time"), element("td", since(start, step.at), "time"),
    element("td", step.step), element("td", step.outcome), element("td", where), element("td", said),
  );
  return row;
}

function timeline(delivery) {
  const box = element("article");
  const title = element("h3", `${delivery.user} `);
  title.append(element("span", delivery.push_state, "state"), ` ${delivery.type}`);
  const table = element("table");
  const head = element("tr");
  for (const name of ["Time", "After", "Step", "Outcome", "Where", "Details"]) head.append(element("th", name));
  const top = element("thead");
  top.append(head);
  const body = element("tbody");
  const start = delivery.steps.length ? delivery.steps[0].at : "";
  for (const step of delivery.steps) body.append(stepRow(step, start));
  table.append(top, body);
  const scroll = element("div", undefined, "scroll");
  scroll.append(table);
  box.append(title, scroll);
  if (delivery.replaced_by) box.append(element("p", `Replaced by ${delivery.replaced_by}.`));
  if (!delivery.complete) box.append(element("p", "There are more steps than are shown."));
  return box;
}

byId("key").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(KEY, byId("credential").value.trim());
  byId("credential").value = "";
  showKey();
});

byId("forget").addEventListener("click", () => {
  sessionStorage.removeItem(KEY);
  showKey();
});

byId("search").addEventListener("submit", async (event) => {
  event.preventDefault();
  const user = byId("user").value.trim();
  const query = user ? `?user=${encodeURIComponent(user)}` : "";
  byId("timelines").replaceChildren();
  say("searchState", "…");
  try {
    const found = await ask(`/v1/deliveries/${encodeURIComponent(byId("notification").value.trim())}${query}`);
    byId("timelines").replaceChildren(...found.deliveries.map(timeline));
    say("searchState", found.more ? "It went to more users: name one." : "");
  } catch (error) {
    say("searchState", error.message, true);
  }
});

byId("period").addEventListener("submit", async (event) => {
  event.preventDefault();
  const table = byId("counts");
  table.hidden = true;
  say("statisticsState", "…");
  const to = new Date();
  const from = new Date(to.getTime() - Number(byId("hours").value) * 3_600_000);
  try {
    const found = await ask(`/v1/deliveries/statistics?from=${from.toISOString()}&to=${to.toISOString()}`);
    const rows = found.counts.map((each) => {
      const row = element("tr");
      for (const name of ["platform", "model", "provider", "step", "outcome", "count"]) row.append(element("td", each[name]));
      return row;
    });
    table.tBodies[0].replaceChildren(...rows);
    table.hidden = rows.length === 0;
    say("statisticsState", rows.length ? "" : "Nothing went to an installation in that time.");
  } catch (error) {
    say("statisticsState", error.message, true);
  }
});

showKey();
