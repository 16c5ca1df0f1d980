'use strict';

// A copy of the repository in which a worker changes js/ and runs test files: hard links, but for js/, whose files
// are its own.

const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const ROOT = path.join(__dirname, '..', '..');
const CACHE = path.join(ROOT, '.cache', 'mutants');
const LEFT_OUT = new Set(['.git', '.cache', 'node_modules', 'target', 'fuzz', 'js']);

class Tree {
  /** @param {number} number of the worker */
  constructor(number) {
    this.path = path.join(CACHE, `tree-${number}`);
    fs.rmSync(this.path, { recursive: true, force: true });
    fs.mkdirSync(this.path, { recursive: true });
    const linked = fs.readdirSync(ROOT).filter((name) => !LEFT_OUT.has(name));
    copy('-al', linked, this.path);
    copy('-a', ['js'], this.path);
    fs.symlinkSync(path.join(ROOT, 'node_modules'), path.join(this.path, 'node_modules'));
  }

  /**
   * @param {string} file relative to the repository
   * @param {string} text
   */
  write(file, text) {
    fs.writeFileSync(path.join(this.path, file), text);
  }

  /**
   * Runs a test file up to its first failure. A failure is also what takes longer than the limit.
   * @param {string} test relative to the repository
   * @param {number} limit milliseconds
   * @param {object} [env]
   * @returns {Promise<{ result: 'passed' | 'failed' | 'late', ms: number, output: string }>}
   */
  run(test, limit, env) {
    const began = Date.now();
    // A group of its own, to end it with the servers that it started.
    const child = spawn(process.execPath, ['--test-reporter=tap', test], {
      cwd: this.path,
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, ...env },
    });
    let output = '';
    let result;
    const end = (why) => {
      result ??= why;
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    };
    const timer = setTimeout(end, limit, 'late');
    child.stdout.setEncoding('utf8').on('data', (data) => {
      output += data;
      if (/^\s*not ok (?!.*# (?:TODO|SKIP))/m.test(output)) end('failed');
    });
    return new Promise((resolve) => {
      child.on('exit', (code) => {
        clearTimeout(timer);
        result ??= code === 0 ? 'passed' : 'failed';
        end(result);
        resolve({ result, ms: Date.now() - began, output });
      });
    });
  }
}

function copy(how, names, target) {
  const { status, stderr } = spawnSync('cp', [how, ...names, target], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`cp: ${stderr}`);
}

module.exports = { CACHE, ROOT, Tree };
