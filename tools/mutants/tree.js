'use strict';

// A copy of the repository in which a worker changes js/ and runs test files: hard links, but for js/, whose files
// are its own.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { ROOT, run } = require('./run');

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
   * Runs a test file in a process of its own.
   * @param {string} test relative to the repository
   * @param {number} limit milliseconds
   * @param {object} [env]
   */
  run(test, limit, env) {
    return run(test, this.path, limit, env);
  }
}

function copy(how, names, target) {
  const { status, stderr } = spawnSync('cp', [how, ...names, target], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`cp: ${stderr}`);
}

module.exports = { CACHE, Tree };
