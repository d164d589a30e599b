// Looks at one page of the gateway: node page.mjs NAME URL STATE. See .ci/page.
import { chromium } from "playwright-core";
import { createRequire } from "node:module";

const axe = createRequire(import.meta.url).resolve("axe-core");
const [name, url, state] = process.argv.slice(2);
const wrong = [];
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });

async function look(colorScheme, width) {
  // axe-core is put in past the page's policy; the page itself is under it, which the console tells.
  const context = await browser.newContext({ colorScheme, viewport: { width, height: 900 }, reducedMotion: "reduce" });
  const page = await context.newPage();
  const what = `${name} ${colorScheme} ${width}`;
  page.on("console", (message) => { if (["error", "warning"].includes(message.type())) wrong.push(`${what}: console: ${message.text()}`); });
  page.on("pageerror", (error) => wrong.push(`${what}: ${error}`));
  const response = await page.goto(url);
  if (response.status() !== 200) wrong.push(`${what}: status ${response.status()}`);
  // Live: the state arrives without a reload.
  await page.waitForSelector(`.banner[data-state=${state}]`, { timeout: 20000 }).catch(() => wrong.push(`${what}: the state is not ${state}`));
  await page.waitForFunction(() => document.getElementById("live-note").textContent === "Live", null, { timeout: 10000 })
    .catch(() => wrong.push(`${what}: not live`));
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  if (overflow > 0) wrong.push(`${what}: ${overflow} pixels wider than the screen`);
  const source = await import("node:fs").then((fs) => fs.readFileSync(axe, "utf8"));
  await page.evaluate(source);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  for (const it of violations) wrong.push(`${what}: axe: ${it.id}: ${it.nodes.map((node) => node.target).join(" ")}`);
  await page.screenshot({ path: `${process.env.PAGE_PICTURES}/${name}-${colorScheme}-${width}.png`, fullPage: width < 500 });
  return { context, page, what };
}

// Jobs and allocations lead to their pages in Nomad's web UI, which is not told where the browser comes from.
async function followLinks(context, what) {
  // The simulated Nomad has no such pages, which the console of this tab tells.
  const tab = await context.newPage();
  for (const wanted of [/\/ui\/jobs\/[^/]+@default$/, /\/ui\/allocations\/[0-9a-f-]{36}$/]) {
    await tab.goto(url);
    const links = await tab.locator("main a").evaluateAll((all) => all.map((it) => it.getAttribute("href")));
    const link = links.find((it) => wanted.test(it));
    if (!link) {
      wrong.push(`${what}: no link ${wanted} among ${links.slice(0, 10)}`);
      continue;
    }
    const asked = tab.waitForRequest((it) => it.isNavigationRequest(), { timeout: 10000 });
    await tab.locator(`a[href="${link}"]`).first().click();
    const request = await asked;
    if (request.url() !== link) wrong.push(`${what}: the link leads to ${request.url()}, not ${link}`);
    if ((await request.allHeaders()).referer) wrong.push(`${what}: ${link} is told where the browser comes from`);
  }
}

for (const [scheme, width] of [["light", 1200], ["dark", 1200], ["light", 375]]) {
  const { context, page, what } = await look(scheme, width);
  if (width === 1200 && scheme === "light") {
    const seen = new Set();
    for (let step = 0; step < 150; step++) {
      await page.keyboard.press("Tab");
      const at = await page.evaluate(() => {
        const it = document.activeElement;
        return it === document.body ? "" : `${it.tagName} ${it.textContent.trim() || it.name || it.id}`;
      });
      if (at === "") break;
      seen.add(at);
    }
    for (const wanted of ["A Skip to content", "A Lookup", "A Configuration", "A Metrics"]) {
      if (!seen.has(wanted)) wrong.push(`${what}: the keyboard does not reach ${wanted}`);
    }
    if (name === "service") await followLinks(context, what);
    if (await page.locator("b").count()) wrong.push(`${what}: a name became an element`);
  }
  await context.close();
}
await browser.close();
for (const it of wrong) console.error(it);
console.log(`${name}: ${wrong.length === 0 ? "ok" : "WRONG"}`);
process.exit(wrong.length === 0 ? 0 : 1);
