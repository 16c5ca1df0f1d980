'use strict';

// The load: wrk, on a core of its own where there is one.

const { execFile, spawnSync } = require('node:child_process');
const os = require('node:os');
const path = require('node:path');
const { promisify } = require('node:util');

const CONNECTIONS = 32;
/** For a load that ends by itself: the longest it may take, in seconds. */
const LONGEST = 120;

const available = (command, ...args) => spawnSync(command, args).error === undefined;

const PINNED = os.cpus().length > 1 && available('taskset', '--version');
/** The server's core and the load's; undefined where processes can't be told where to run. */
const CORES = PINNED ? { server: 0, load: 1 } : {};

function requireWrk() {
  if (available('wrk', '-v')) return;
  throw new Error('wrk is missing; on Debian and Ubuntu: apt-get install wrk');
}

/** `limit` requests, or as many as there are in `seconds`; `file` has the tokens. */
async function load(port, file, { seconds = LONGEST, limit }) {
  const script = path.join(__dirname, 'load.lua');
  const settings = ['-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, '-s', script];
  const target = [`http://127.0.0.1:${port}/`, '--', file, ...(limit ? [String(limit)] : [])];
  const command = ['wrk', ...settings, ...target];
  if (PINNED) command.unshift('taskset', '-c', String(CORES.load));
  const { stdout } = await promisify(execFile)(command[0], command.slice(1));
  const result = JSON.parse(stdout.slice(stdout.indexOf('{')));
  const { requests, failed, p50, p99 } = result;
  if (failed > 0) throw new Error(`${failed} of ${requests} requests failed`);
  // What comes after the last of a limited load is not part of it.
  const rate = limit ? limit / result.elapsed : requests / result.seconds;
  return { requests, rate, p50, p99 };
}

module.exports = { CONNECTIONS, CORES, load, requireWrk };
