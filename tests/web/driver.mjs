// A browser that is told what to do by lines of JSON on standard input; each is answered by one line of JSON.
import { createInterface } from "node:readline";
import { openBrowser } from "./browser.mjs";

const browser = await openBrowser();
const tabs = new Map();

const VIEWPORTS = { desktop: { width: 1024, height: 700 }, phone: { width: 390, height: 844 } };

const actions = {
  async open({ tab, url, view, dark }) {
    await tabs.get(tab)?.page.close();
    const colorScheme = dark ? "dark" : "light";
    const page = await browser.newPage({ viewport: VIEWPORTS[view], hasTouch: view === "phone", isMobile: view === "phone", colorScheme });
    const complaints = [];
    tabs.set(tab, { page, complaints });
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    await page.goto(url, { waitUntil: "domcontentloaded", timeout: 55_000 }); // what is waited for after that says so
  },
  // Not page.close(): a browser of one process ends with its last page.
  leave: ({ tab }) => pageOf(tab).goto("about:blank"),
  reload: ({ tab }) => pageOf(tab).reload({ waitUntil: "commit", timeout: 55_000 }),
  evaluate: ({ tab, script }) => pageOf(tab).evaluate(script),
  async until({ tab, script, seconds }) {
    // Not waitForFunction: that evaluates text inside the page, which the page's policy forbids.
    const deadline = Date.now() + seconds * 1000;
    while (!(await pageOf(tab).evaluate(script))) {
      if (Date.now() > deadline) throw new Error(`not within ${seconds} s: ${script}`);
      await pageOf(tab).waitForTimeout(50);
    }
  },
  click: ({ tab, selector }) => pageOf(tab).click(selector),
  fill: ({ tab, selector, text }) => pageOf(tab).fill(selector, text),
  press: ({ tab, key }) => pageOf(tab).keyboard.press(key),
  shot: ({ tab, path }) => pageOf(tab).screenshot({ path }),
  complaints: async ({ tab }) => tabs.get(tab).complaints,
};

function pageOf(tab) {
  return tabs.get(tab).page;
}

for await (const line of createInterface({ input: process.stdin })) {
  const { action, ...options } = JSON.parse(line);
  const answer = await actions[action](options).then((value) => ({ value: value ?? null }), (error) => ({ error: String(error) }));
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
for (const { page } of tabs.values()) await page.goto("about:blank"); // a page that draws by software takes long to leave
await browser.close();
