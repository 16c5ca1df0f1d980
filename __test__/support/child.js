'use strict';

// Runs a script, or a program, in a Node.js of its own, with an environment of its own.

const { spawn } = require('node:child_process');
const path = require('node:path');

const root = path.join(__dirname, '..', '..');
const TIMEOUT_MS = 30_000;
const PROGRAM_TIMEOUT_MS = 240_000;

/** What decides how a tenant is reached, and must come from the test alone. */
const NOT_INHERITED =
  /^(MONOCLOUD_.*|(https?|all|no)_proxy|SSL_CERT_(FILE|DIR)|NODE_(EXTRA_CA_CERTS|OPTIONS|TEST_CONTEXT|V8_COVERAGE))$/i;

/**
 * Runs a Node.js to its end.
 * @param {string[]} args
 * @param {object} [options]
 * @param {object} [options.env] on top of what is inherited
 * @param {number} [options.descriptors] how many files and sockets the process may have open
 * @param {string[]} [options.within] a command that runs the rest of its line, and is Node.js then
 * @param {(child: import('node:child_process').ChildProcess, stdout: string) => void} [options.heard]
 *   called with all of stdout whenever there is more of it
 * @param {number} [options.timeout] milliseconds, after which the process is killed
 * @returns {Promise<{ code: number | null, signal: string | null, stdout: string, stderr: string }>}
 */
function runNode(args, { env = {}, descriptors, within = [], heard, timeout = TIMEOUT_MS }) {
  const inherited = Object.entries(process.env).filter(([name]) => !NOT_INHERITED.test(name));
  return new Promise((resolve, reject) => {
    const node = [process.execPath, ...args];
    const limited = ['sh', '-c', `ulimit -n ${descriptors} && exec "$@"`, 'sh', ...node];
    const [command, ...rest] = descriptors === undefined ? [...within, ...node] : limited;
    const child = spawn(command, rest, {
      cwd: root,
      env: { ...Object.fromEntries(inherited), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), timeout);
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
      heard?.(child, stdout);
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, stdout, stderr });
    });
  });
}

/**
 * Runs a script.
 * @param {string} source runs as CommonJS, in an async function, with `load(path)` for the package's
 *   files; `say(value)` hands a value back. Or a file below `__test__`, `….js`, that exports such a function of
 *   `{ input, load, outcome, say }`
 * @param {object} [options] those of {@link runNode}, and
 * @param {unknown} [options.input] what the script finds as `input`
 * @param {string[]} [options.flags] of Node.js
 * @param {(child: import('node:child_process').ChildProcess, said: any[]) => void} [options.heard]
 *   called whenever the script has said something, with all that it has said by then
 * @returns {Promise<{ code: number | null, signal: string | null, said: any[], stderr: string,
 *   lingered: number }>} `lingered`: milliseconds from the script's last line to the process's end
 */
async function runScript(source, { input, flags = [], heard, ...options } = {}) {
  const isFile = /^[\w/-]+\.js$/.test(source);
  const script = `
    const load = (file) => require(${JSON.stringify(`${root}${path.sep}`)} + file);
    const say = (value) => process.stdout.write(JSON.stringify(value) + '\\n');
    const input = ${JSON.stringify(input ?? null)};
    const outcome = async (work) => {
      try {
        return { value: await work() };
      } catch ({ name, message, reason, status }) {
        return { name, message, reason, status };
      }
    };
    (async () => {
      ${isFile ? `await load('__test__/${source}')({ input, load, outcome, say });` : source}
    })().then(() => say({ done: Date.now() }));`;
  const { code, signal, stdout, stderr } = await runNode([...flags, '-e', script], {
    ...options,
    heard: (child, text) => heard?.(child, parsed(text.slice(0, text.lastIndexOf('\n') + 1))),
  });
  const said = parsed(stdout);
  const done = said.find((value) => value?.done !== undefined)?.done;
  return {
    code,
    signal,
    said: said.filter((value) => value?.done === undefined),
    stderr,
    lingered: done === undefined ? Number.NaN : Date.now() - done,
  };
}

/**
 * Runs a program of the tests that has to end well.
 * @param {string} file below `__test__`
 * @param {{ args?: string[], flags?: string[], env?: object }} [with_] `flags` are Node.js's
 * @returns {Promise<{ said: any, stderr: string }>} `said`: the JSON that it printed
 */
async function runProgram(file, { args = [], flags = [], env } = {}) {
  const program = path.join(root, '__test__', file);
  const options = { env, timeout: PROGRAM_TIMEOUT_MS };
  const { code, signal, stdout, stderr } = await runNode([...flags, program, ...args], options);
  if (code !== 0) {
    const what = [file, ...args].join(' ');
    throw new Error(`${what} ended with ${code ?? signal}: ${stderr}${stdout}`);
  }
  return { said: JSON.parse(stdout), stderr };
}

function parsed(text) {
  const lines = text.split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line));
}

module.exports = { root, runProgram, runScript };
