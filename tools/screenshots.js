'use strict';

// npm run screenshots: the pictures of the documentation, taken from the running demo, into docs/pictures.

const fs = require('node:fs');
const path = require('node:path');
const { startDemo } = require('../js/demo/demo.js');
const { launch, noBrowser, open } = require('./browser.js');

const PICTURES = path.join(__dirname, '..', 'docs', 'pictures');
const SIZE = { width: 900, height: 800 };

/** Each is taken of one element, once its buttons were pressed. */
const SHOTS = [
  { name: 'refused', buttons: ['audience'], of: ['#answer', '#rules'], rows: 12 },
  { name: 'outage', buttons: ['away'], of: ['#outcome', '#timeline'], rows: 9 },
  { name: 'dark', buttons: ['replayed'], of: ['#answer', '#rules'], rows: 4, scheme: 'dark' },
];

/** The part of the page from the first element to the last. */
async function boxOf(page, selectors) {
  await page.evaluate(() => window.scrollTo(0, 0));
  const boxes = await Promise.all(
    selectors.map((selector) => page.locator(selector).first().boundingBox()),
  );
  const top = Math.min(...boxes.map(({ y }) => y)) - 4;
  const bottom = Math.max(...boxes.map(({ y, height }) => y + height)) + 4;
  return { x: 0, y: top, width: SIZE.width, height: bottom - top };
}

async function main() {
  if (noBrowser) throw new Error(noBrowser);
  const demo = await startDemo({ folder: path.join(__dirname, '..') });
  const browser = await launch();
  fs.mkdirSync(PICTURES, { recursive: true });
  for (const { name, buttons, of, rows, scheme } of SHOTS) {
    const { page } = await open(browser.context, demo.url, { size: SIZE, scheme });
    await page.waitForSelector('#demo:not([hidden])');
    for (const id of buttons) {
      await page.click(`[data-id=${id}]`);
      await page.waitForFunction(() => document.querySelector('[aria-busy]') === null);
    }
    // What comes within the next moment belongs to the picture.
    await page.waitForTimeout(300);
    await page.evaluate((count) => {
      for (const row of document.querySelectorAll(`#rules tbody tr:nth-child(n + ${count + 1})`)) {
        row.remove();
      }
    }, rows);
    const file = path.join(PICTURES, `${name}.png`);
    await page.screenshot({ path: file, fullPage: true, clip: await boxOf(page, of) });
    console.log(`${path.relative(process.cwd(), file)}: ${fs.statSync(file).size} bytes`);
    await page.close();
  }
  await browser.close();
  await demo.close();
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
