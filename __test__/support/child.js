'use strict';

// Runs a script in a Node.js of its own, with an environment of its own.

const { spawn } = require('node:child_process');
const path = require('node:path');

const root = path.join(__dirname, '..', '..');
const TIMEOUT_MS = 30_000;

/** What decides how a tenant is reached, and must come from the test alone. */
const NOT_INHERITED =
  /^(MONOCLOUD_.*|(https?|all|no)_proxy|SSL_CERT_(FILE|DIR)|NODE_(EXTRA_CA_CERTS|OPTIONS|TEST_CONTEXT|V8_COVERAGE))$/i;

/**
 * @param {string} source runs as CommonJS, in an async function, with `load(path)` for the package's
 *   files; `say(value)` hands a value back
 * @param {object} [options]
 * @param {object} [options.env] on top of what is inherited
 * @param {unknown} [options.input] what the script finds as `input`
 * @param {string[]} [options.flags] of Node.js
 * @param {number} [options.descriptors] how many files and sockets the process may have open
 * @param {string[]} [options.within] a command that runs the rest of its line, and is Node.js then
 * @param {(child: import('node:child_process').ChildProcess, said: any[]) => void} [options.heard]
 *   called whenever the script has said something, with all that it has said by then
 * @param {number} [options.timeout] milliseconds, after which the process is killed
 * @returns {Promise<{ code: number | null, signal: string | null, said: any[], stderr: string,
 *   lingered: number }>} `lingered`: milliseconds from the script's last line to the process's end
 */
function runScript(source, options = {}) {
  const { env = {}, input, flags = [], descriptors, within = [], heard } = options;
  const { timeout = TIMEOUT_MS } = options;
  const inherited = Object.entries(process.env).filter(([name]) => !NOT_INHERITED.test(name));
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
      ${source}
    })().then(() => say({ done: Date.now() }));`;
  return new Promise((resolve, reject) => {
    const node = [process.execPath, ...flags, '-e', script];
    const limited = ['sh', '-c', `ulimit -n ${descriptors} && exec "$@"`, 'sh', ...node];
    const [command, ...args] = descriptors === undefined ? [...within, ...node] : limited;
    const child = spawn(command, args, {
      cwd: root,
      env: { ...Object.fromEntries(inherited), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), timeout);
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
      heard?.(child, parsed(stdout.slice(0, stdout.lastIndexOf('\n') + 1)));
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      const said = parsed(stdout);
      const done = said.find((value) => value?.done !== undefined)?.done;
      resolve({
        code,
        signal,
        said: said.filter((value) => value?.done === undefined),
        stderr,
        lingered: done === undefined ? Number.NaN : Date.now() - done,
      });
    });
  });
}

function parsed(text) {
  const lines = text.split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line));
}

module.exports = { root, runScript };
