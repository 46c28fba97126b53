// What Chromium and axe see in HTML pages of a folder that stands for a site.
//
//   node --input-type=module --eval "$(cat page.mjs)" TASK
//
// TASK: a JSON file {chromium, folder, site, pages: [{path, screenshot}]}. Requests under `site` are answered with
// files of the folder; everything else is refused and told, so nothing leaves the machine.
// Prints what stands in each page, what is amiss (violations of axe, missing files, pictures not shown, errors of
// scripts, the console's complaints, sideways scrolling, tiny text, targets too small to touch, how far the layout
// shifted) and what lay outside: all pages wide and light, then narrow and dark, then as narrow and as wide as can be.
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
  page.removeAllListeners('console');
  page.removeAllListeners('dialog');
  page.on('dialog', (dialog) => {
    seen.errors.push(`a script asks: ${dialog.message()}`);
    return dialog.dismiss();
  });
  page.on('console', (message) => {
    // A refused request is told as what lies outside.
    if (message.type() === 'error' && !message.text().includes('Failed to load resource')) seen.errors.push(message.text());
  });
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
    robots: document.querySelector('meta[name=robots]')?.content ?? '',
    shifted: window.shifted ?? 0,
    tiny: [...document.querySelectorAll('body *')]
      .filter((one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
      .filter((one) => parseFloat(getComputedStyle(one).fontSize) < 12).map((one) => one.outerHTML),
    // WCAG 2.2, 2.5.8: 24 px, but for links in a line of text.
    cramped: [...document.querySelectorAll('a, summary')]
      .filter((one) => one.checkVisibility() && !one.closest('p, h1, h2, h3, code, .body') && !one.matches('.skip'))
      .filter((one) => one.getBoundingClientRect().height < 24).map((one) => one.outerHTML),
  })));
  if (screenshot) await page.screenshot({ path: screenshot, fullPage: true });
  await page.evaluate(axe.source);
  const { violations, passes } = await page.evaluate(() => window.axe.run());
  seen.passes = passes.length;
  seen.violations = violations.map((one) => `${one.id}: ${one.help}: ${one.nodes[0].html}`);
  seen.filtered = await page.evaluate(() => {
    const field = document.getElementById('filter');
    const shown = (text) => {
      field.value = text;
      field.dispatchEvent(new Event('input'));
      return [...document.querySelectorAll('.group li')].filter((row) => row.checkVisibility()).length;
    };
    if (!field?.checkVisibility()) return null;
    const all = shown('');
    const first = document.querySelector('.group .name span').textContent;
    return { all, first: shown(first), none: shown('no such topic'), said: document.getElementById('found').checkVisibility() };
  });
  return seen;
}

const looks = [];
const VIEWS = [['light', 1280], ['dark', 360], ['light', 320], ['dark', 1600]];
for (const [colorScheme, width] of VIEWS) {
  const context = await browser.newContext({ bypassCSP: true, colorScheme, viewport: { width, height: 900 } });
  const page = await context.newPage();
  await page.addInitScript(() => {
    window.shifted = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) window.shifted += entry.value;
    }).observe({ type: 'layout-shift', buffered: true });
  });
  for (const { path, screenshot } of task.pages) {
    const seen = await look(page, path, width === 1280 || width === 360 ? screenshot.replace('.png', `-${width}.png`) : null);
    looks.push({ ...seen, colorScheme, width });
  }
  await context.close();
}
await browser.close();
console.log(JSON.stringify(looks));
