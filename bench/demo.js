'use strict';

// node bench/demo.js: how long the demo takes from `npx monocloud-backend demo` to its page painted, and how smooth the
// page is with 1,000 events a second. Ends with 1 where a mark is not met.

const { spawn } = require('node:child_process');
const { channel } = require('node:diagnostics_channel');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { startDemo } = require('../js/demo/demo.js');
const { launch, noBrowser, open } = require('../tools/browser.js');

const ROOT = path.join(__dirname, '..');
const ROUNDS = 5;
const EVENTS_A_SECOND = 1000;
const SECONDS = 5;
const MARKS = { startMs: 1500, frameMs: 100 };

/** A project that has the package installed. */
function project() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'monocloud-demo-'));
  const bin = path.join(folder, 'node_modules', '.bin');
  fs.mkdirSync(path.join(folder, 'node_modules', '@monocloud'), { recursive: true });
  fs.mkdirSync(bin);
  fs.writeFileSync(path.join(folder, 'package.json'), '{ "private": true }');
  fs.symlinkSync(ROOT, path.join(folder, 'node_modules', '@monocloud', 'backend-node'), 'dir');
  fs.symlinkSync(path.join(ROOT, 'js', 'bin.js'), path.join(bin, 'monocloud-backend'));
  return folder;
}

/** Milliseconds from the command to the page painted, with its buttons. */
async function startUp(context, folder) {
  const begin = performance.now();
  const command = ['npx', ['--no-install', 'monocloud-backend', 'demo', '--port', '0']];
  // A process group of its own: npx does not hand every signal on.
  const child = spawn(...command, { cwd: folder, detached: true });
  const url = await new Promise((resolve, reject) => {
    let said = '';
    child.once('close', () => reject(new Error(said)));
    child.stdout.on('data', (chunk) => {
      said += chunk;
      const [, found] = /page is at (\S+)\n/.exec(said) ?? [];
      if (found) resolve(found);
    });
  });
  const printed = performance.now() - begin;
  const { page } = await open(context, url);
  await page.waitForSelector('#demo:not([hidden])');
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)));
  const painted = performance.now() - begin;
  await page.close();
  process.kill(-child.pid, 'SIGINT');
  await once(child, 'close');
  return { printed, painted };
}

/** The longest times between frames, while the timeline gets events. */
async function frames(context) {
  const demo = await startDemo({ folder: ROOT });
  const { page } = await open(context, demo.url);
  await page.waitForSelector('#keys dd');
  const measured = page.evaluate(
    (ms) =>
      new Promise((resolve) => {
        const times = [];
        let last = performance.now();
        const end = last + ms;
        const tick = (now) => {
          times.push(now - last);
          last = now;
          if (now < end) requestAnimationFrame(tick);
          else resolve(times);
        };
        requestAnimationFrame(tick);
      }),
    SECONDS * 1000,
  );
  const refused = channel('@monocloud/backend-node:refused');
  let published = 0;
  const begin = performance.now();
  const timer = setInterval(() => {
    const due = ((performance.now() - begin) / 1000) * EVENTS_A_SECOND;
    for (; published < due; published += 1) {
      refused.publish({ tenantDomain: '', code: 'invalid_token', reason: `reason ${published}` });
    }
  }, 5);
  const times = (await measured).sort((a, b) => a - b);
  clearInterval(timer);
  await page.close();
  await demo.close();
  return {
    published,
    count: times.length,
    longest: times.at(-1),
    median: times[times.length >> 1],
  };
}

async function main() {
  if (noBrowser) throw new Error(noBrowser);
  const { context, close } = await launch();
  const folder = project();
  const starts = [];
  for (let round = 0; round < ROUNDS; round += 1) starts.push(await startUp(context, folder));
  fs.rmSync(folder, { recursive: true });
  const median = (name) => starts.map((each) => each[name]).sort((a, b) => a - b)[ROUNDS >> 1];
  const { published, count, longest, median: usual } = await frames(context);
  await close();
  const ms = (value) => `${value.toFixed(value < 100 ? 1 : 0)} ms`;
  console.log(`npx monocloud-backend demo, median of ${ROUNDS}:`);
  console.log(`  address printed after ${ms(median('printed'))}`);
  console.log(`  page painted after ${ms(median('painted'))} (mark: ${MARKS.startMs} ms)`);
  console.log(`${published} events in ${SECONDS} s, ${count} frames:`);
  console.log(`  median ${ms(usual)}, longest ${ms(longest)} (mark: ${MARKS.frameMs} ms)`);
  return median('painted') < MARKS.startMs && longest < MARKS.frameMs ? 0 : 1;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    console.error(error);
    process.exitCode = 1;
  },
);
