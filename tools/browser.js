'use strict';

// Headless Chromium, for the tests of the demo's page, its pictures and its measurement.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { chromium } = require('playwright-core');

const EXECUTABLES = [
  process.env.CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];
const executablePath = EXECUTABLES.find((file) => file !== undefined && fs.existsSync(file));

/** Why there is no browser. Where CI has installed it, a missing one is a failure, and no reason to skip. */
const noBrowser =
  executablePath === undefined && !(process.env.CI && process.platform === 'linux')
    ? 'Chromium is not installed'
    : false;

const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** @returns a context of a new profile, and `close` */
async function launch(options = {}) {
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'monocloud-demo-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    args: ARGUMENTS,
    timeout: 20_000,
    ...options,
  });
  context.setDefaultTimeout(15_000);
  return {
    context,
    async close() {
      await context.close();
      fs.rmSync(profile, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

/**
 * Opens a page, and records what must not happen: console errors, exceptions, and requests to other origins.
 * @param {import('playwright-core').BrowserContext} context
 * @param {string} url
 * @param {object} [options]
 * @param {{ width: number, height: number }} [options.size]
 * @param {'light' | 'dark'} [options.scheme]
 */
async function open(context, url, { size = { width: 1280, height: 900 }, scheme = 'light' } = {}) {
  const page = await context.newPage();
  const { origin } = new URL(url);
  const wrong = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') wrong.push(message.text());
  });
  page.on('pageerror', (error) => wrong.push(error.stack));
  page.on('request', (request) => {
    const asked = request.url();
    if (!asked.startsWith(`${origin}/`)) wrong.push(`request to ${asked.slice(0, 100)}`);
  });
  await page.setViewportSize(size);
  await page.emulateMedia({ colorScheme: scheme });
  await page.goto(url);
  return { page, wrong };
}

module.exports = { launch, noBrowser, open };
