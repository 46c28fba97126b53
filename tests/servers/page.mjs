// What Chromium and axe see in HTML pages of a folder that stands for a site.
//
//   node --input-type=module --eval "$(cat page.mjs)" TASK
//
// TASK: a JSON file {chromium, folder, site, pages: [{path, screenshot}]}. Requests under `site` are answered with
// files of the folder; everything else is refused and told, so nothing leaves the machine.
// Prints what stands in each page, what is amiss (violations of axe, missing files, pictures not shown, errors of
// scripts, sideways scrolling) and what lay outside: all pages wide and light, then all narrow and dark.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import axe from 'axe-core';
import { chromium } from 'playwright-core';

const task = JSON.parse(readFileSync(process.argv[1], 'utf8'));
const browser = await chromium.launch({ executablePath: task.chromium, timeout: 60_000 });

function fileOf(url) {
  const relative = decodeURIComponent(new URL(url).pathname.slice(new URL(task.site).pathname.length));
  const path = join(task.folder, relative);
  return existsSync(path) && statSync(path).isDirectory() ? join(path, 'index.html') : path;
}

// One look at one page; `seen` collects what its requests and scripts do meanwhile.
async function look(page, path, screenshot) {
  const seen = { path, missing: [], outside: [], errors: [] };
  page.removeAllListeners('pageerror');
  page.on('pageerror', (error) => seen.errors.push(error.message));
  await page.unrouteAll();
  await page.route('**/*', async (route) => {
    const url = route.request().url();
    if (!url.startsWith(task.site)) {
      seen.outside.push(url);
      return route.abort();
    }
    const file = fileOf(url);
    if (existsSync(file)) return route.fulfill({ path: file });
    seen.missing.push(url);
    return route.fulfill({ status: 404, body: '' });
  });
  await page.goto(new URL(path, task.site).href, { waitUntil: 'load', timeout: 30_000 });
  // Pictures below the fold wait to be scrolled to; all shall be seen, and counted where they cannot be shown.
  await page.evaluate(() => Promise.all([...document.images].map((image) => {
    image.loading = 'eager';
    return image.decode().catch(() => undefined);
  })));
  Object.assign(seen, await page.evaluate(() => ({
    title: document.title,
    language: document.documentElement.lang,
    alternates: [...document.head.querySelectorAll('link[rel~=alternate]')].map((link) => [link.type, link.href]),
    links: [...document.querySelectorAll('a[href]')].map((link) => link.href),
    unloaded: [...document.images].filter((image) => !image.naturalWidth).map((image) => image.src),
    wide: document.documentElement.scrollWidth > window.innerWidth,
  })));
  if (screenshot) await page.screenshot({ path: screenshot, fullPage: true });
  await page.evaluate(axe.source);
  const { violations, passes } = await page.evaluate(() => window.axe.run());
  seen.passes = passes.length;
  seen.violations = violations.map((one) => `${one.id}: ${one.help}: ${one.nodes[0].html}`);
  return seen;
}

const looks = [];
for (const [colorScheme, width] of [['light', 1200], ['dark', 360]]) {
  const context = await browser.newContext({ bypassCSP: true, colorScheme, viewport: { width, height: 900 } });
  const page = await context.newPage();
  for (const { path, screenshot } of task.pages) {
    const seen = await look(page, path, colorScheme === 'light' ? screenshot : null);
    looks.push({ ...seen, colorScheme, width });
  }
  await context.close();
}
await browser.close();
console.log(JSON.stringify(looks));
