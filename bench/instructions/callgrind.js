'use strict';

// Counts the instructions of a Node.js program with callgrind (valgrind): other processes do not affect it, nor does the
// model of the processor, because programs see the one that valgrind emulates.
//
// The program calls `mark()` at the end of each phase. That calls os.getPriority(), which nothing else does; callgrind
// writes down what it has counted whenever libuv's function for it is entered.

const { execFile, execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { promisify } = require('node:util');

const VALGRIND = [
  '--tool=callgrind',
  // V8 replaces code at the same address; without this, valgrind would run its translation of the old code.
  '--smc-check=all-non-file',
  '--dump-before=uv_os_getpriority',
  '--compress-strings=no',
  '--compress-pos=no',
];

// V8 in one thread, without random seeds, and without its optimising compilers, which depend on times and compile
// again and again. What is left is the same in each run, and steady after some hundred calls.
const NODE = [
  '--single-threaded',
  '--predictable',
  '--hash-seed=1',
  '--no-opt',
  '--no-maglev',
  '--always-sparkplug',
  '--expose-gc',
  '--no-warnings',
];

const DEADLINE_MS = 10 * 60_000;

/** valgrind's version, or undefined where it is not installed. */
function valgrind() {
  try {
    return execFileSync('valgrind', ['--version'], { encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
}

const mark = () => os.getPriority();

/** What each function took, without those that it called. Machine code that V8 made is in no file. */
function read(file) {
  const functions = [];
  let object = '';
  let name = '';
  let ofCall = false;
  for (const line of fs.readFileSync(file, 'latin1').split('\n')) {
    if (line.startsWith('ob=')) object = line.slice(3);
    else if (line.startsWith('fn=')) name = line.slice(3);
    else if (line.startsWith('calls=')) ofCall = true;
    else if (/^\d/.test(line)) {
      // The line after `calls=` has what the called function took.
      if (!ofCall) functions.push({ object, name, count: Number(line.split(' ')[1]) });
      ofCall = false;
    }
  }
  return functions;
}

/** The first core that this process may use. */
function core() {
  const status = fs.readFileSync('/proc/self/status', 'utf8');
  return /^Cpus_allowed_list:\s*(\d+)/m.exec(status)[1];
}

/**
 * Runs a program and returns its phases. It runs on one core, where a call verifies every signature itself; with more,
 * other threads would get some of them, depending on the time that they take.
 */
async function phasesOf(node, args, env) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'callgrind-'));
  const out = path.join(directory, 'out');
  const program = [...VALGRIND, `--callgrind-out-file=${out}`, node, ...NODE, ...args];
  try {
    await promisify(execFile)('taskset', ['-c', core(), 'valgrind', ...program], {
      env,
      maxBuffer: 1 << 26,
      timeout: DEADLINE_MS,
    });
    const phases = [];
    for (let file = `${out}.1`; fs.existsSync(file); file = `${out}.${phases.length + 1}`) {
      phases.push(read(file));
    }
    return phases;
  } finally {
    fs.rmSync(directory, { recursive: true });
  }
}

module.exports = { mark, phasesOf, valgrind };
