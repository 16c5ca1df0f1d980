'use strict';

// The load generator wrk, on a core of its own if the machine has two.

const { execFile, spawnSync } = require('node:child_process');
const os = require('node:os');
const path = require('node:path');
const { promisify } = require('node:util');

const CONNECTIONS = 32;
/** The longest time of a load with a number of requests, in seconds. */
const LONGEST = 120;

const available = (command, ...args) => spawnSync(command, args).error === undefined;

const PINNED = os.cpus().length > 1 && available('taskset', '--version');
/** The core of the server and that of the load; undefined where processes can't be pinned. */
const CORES = PINNED ? { server: 0, load: 1 } : {};

function requireWrk() {
  if (available('wrk', '-v')) return;
  throw new Error('wrk is missing; on Debian and Ubuntu: apt-get install wrk');
}

/** Makes `limit` requests, or as many as possible in `seconds`, with the tokens of `file`. */
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
  // A limited load ends with its last request, which may be before wrk ends.
  const rate = limit ? limit / result.elapsed : requests / result.seconds;
  return { requests, rate, p50, p99 };
}

module.exports = { CONNECTIONS, CORES, load, requireWrk };
