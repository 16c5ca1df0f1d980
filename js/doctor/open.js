'use strict';

// `doctor --open`: the report in the demo's page, read-only, until Ctrl-C.

/**
 * @import { Check } from './checks.js'
 * @import { About } from './report.js'
 */

const { openBrowser, untilSignal } = require('../demo/browser.js');
const { servePage } = require('../demo/server.js');

/**
 * @param {About & { checks: Check[] }} report
 * @param {{ write(text: string): unknown }} output
 */
async function showPage(report, output) {
  const ended = untilSignal();
  const page = await servePage({ state: () => ({ mode: 'doctor', ...report }) }, 0);
  output.write(`\nThe report is at ${page.url} until Ctrl-C.\n`);
  openBrowser(page.url);
  await ended;
  await page.close();
}

module.exports = { showPage };
