// A browser that is told what to do by lines of JSON on standard input; each is answered by one line of JSON.
import { createInterface } from "node:readline";
import { openBrowser } from "./browser.mjs";

const browser = await openBrowser();
let page = null;
let complaints = [];

const VIEWPORTS = { desktop: { width: 1024, height: 700 }, phone: { width: 390, height: 844 } };

const actions = {
  async open({ url, view, dark }) {
    await page?.close();
    complaints = [];
    const colorScheme = dark ? "dark" : "light";
    page = await browser.newPage({ viewport: VIEWPORTS[view], hasTouch: view === "phone", isMobile: view === "phone", colorScheme });
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    await page.goto(url);
  },
  evaluate: ({ script }) => page.evaluate(script),
  async until({ script, seconds }) {
    // Not waitForFunction: that evaluates text inside the page, which the page's policy forbids.
    const deadline = Date.now() + seconds * 1000;
    while (!(await page.evaluate(script))) {
      if (Date.now() > deadline) throw new Error(`not within ${seconds} s: ${script}`);
      await page.waitForTimeout(50);
    }
  },
  click: ({ selector }) => page.click(selector),
  fill: ({ selector, text }) => page.fill(selector, text),
  shot: ({ path }) => page.screenshot({ path }),
  complaints: async () => complaints,
};

for await (const line of createInterface({ input: process.stdin })) {
  const { action, ...options } = JSON.parse(line);
  const answer = await actions[action](options).then((value) => ({ value: value ?? null }), (error) => ({ error: String(error) }));
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await page?.goto("about:blank"); // a page that draws by software takes long to leave
await browser.close();
