'use strict';

// Runs a program of ./programs in a Node.js of its own, which has nothing of the environment that
// configures the package.

const { spawn } = require('node:child_process');
const path = require('node:path');

const DEADLINE_MS = 120_000;
const NOT_INHERITED =
  /^(MONOCLOUD_.*|(https?|all|no)_proxy|NODE_(OPTIONS|TEST_CONTEXT|V8_COVERAGE))$/i;

/**
 * @param {string} name of the program, without `.js`
 * @param {{ args?: string[], flags?: string[], env?: object }} [with_] `flags` are Node.js's
 * @returns {Promise<{ code: number | null, said: any, stderr: string }>} `said`: the JSON that it printed
 */
function runProgram(name, { args = [], flags = [], env } = {}) {
  const inherited = Object.entries(process.env).filter(([key]) => !NOT_INHERITED.test(key));
  const file = path.join(__dirname, 'programs', `${name}.js`);
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...flags, file, ...args], {
      env: { ...Object.fromEntries(inherited), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), DEADLINE_MS);
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (code !== 0) {
        reject(
          new Error(`${name} ${args.join(' ')} ended with ${code ?? signal}: ${stderr}${stdout}`),
        );
        return;
      }
      resolve({ code, said: JSON.parse(stdout), stderr });
    });
  });
}

module.exports = { runProgram };
