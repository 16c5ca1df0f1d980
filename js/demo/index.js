'use strict';

// `monocloud-backend demo`: a page where one watches the guard decide.

const { parseArgs } = require('node:util');
const { openBrowser, untilSignal } = require('./browser.js');

/** @typedef {{ write(text: string): unknown }} Output */

const DEFAULT_PORT = 7070;

const HELP = `Usage: monocloud-backend demo [options]

Starts a test tenant, guarded APIs on the frameworks that are installed in this folder, and a page
on 127.0.0.1 that sends them tokens and shows why each passes or is refused.

  --port PORT  the port of the page, or the next that is free (${DEFAULT_PORT}); 0 for any
  --open       open the page in the browser
  --help

Ends with Ctrl-C. Refuses to start under NODE_ENV=production: whoever reaches it gets a token.`;

/** @param {string[]} args */
function readOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      port: { type: 'string', default: String(DEFAULT_PORT) },
      open: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const port = Number(values.port);
  if (!/^\d+$/.test(values.port) || port > 65_535) throw new TypeError('--port must be a port');
  return { ...values, port };
}

/**
 * @param {string[]} args those after `demo`
 * @returns {Promise<number>} the exit status
 */
async function main(
  args,
  {
    stdout = /** @type {Output} */ (process.stdout),
    stderr = /** @type {Output} */ (process.stderr),
  } = {},
) {
  let options;
  try {
    options = readOptions(args);
  } catch (error) {
    // Only the first sentence is about the mistake; the others are about node:util.
    const [mistake] = /** @type {Error} */ (error).message.split('. ', 1);
    stderr.write(`${mistake}\n\n${HELP}\n`);
    return 2;
  }
  if (options.help) {
    stdout.write(`${HELP}\n`);
    return 0;
  }
  if (process.env.NODE_ENV === 'production') {
    stderr.write('The demo refuses to run with NODE_ENV=production: it gives a token to anybody\n');
    return 2;
  }
  const ended = untilSignal();
  let demo;
  try {
    // Here the addon is loaded, whose error has the remedy.
    demo = await require('./demo.js').startDemo({ port: options.port });
  } catch (error) {
    stderr.write(`${/** @type {Error} */ (error).message}\n`);
    return 1;
  }
  if (options.port !== 0 && demo.port !== options.port) {
    stdout.write(`Port ${options.port} is taken: the page is on ${demo.port}.\n`);
  }
  stdout.write(`The page is at ${demo.url}\n\n`);
  for (const { title, url } of demo.apis) stdout.write(`  ${title}: ${url}/api/protected\n`);
  stdout.write('\nCtrl-C ends it.\n');
  if (options.open) openBrowser(demo.url);
  await ended;
  await demo.close();
  return 0;
}

module.exports = { main };
