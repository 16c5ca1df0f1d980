'use strict';

// What cargo says of the crates: for tools/supply.js and tools/sbom.js.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const ROOT = path.join(__dirname, '..');

function cargo(...args) {
  // Without a network where everything is at hand, as after a build it is.
  for (const where of [['--offline'], []]) {
    const { status, stdout, stderr } = spawnSync('cargo', [...args, ...where], {
      cwd: ROOT,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    if (status === 0) return stdout;
    if (where.length === 0) throw new Error(`cargo ${args[0]}: ${stderr}`);
  }
}

function platforms() {
  return JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8')).napi.targets;
}

/** What this package's Cargo.toml says. */
function manifest() {
  return JSON.parse(cargo('metadata', '--no-deps', '--format-version', '1')).packages[0];
}

/**
 * The crates that are compiled, by `name@version`; this package is the first. `cargo metadata` would
 * also name those that no feature which is on asks for.
 * @param {{ targets?: string[], edges?: string }} [which] for which platforms, by default all that an
 *   addon is published for; by which kinds of dependency
 */
function crates({ targets = platforms(), edges = 'normal,build,dev' } = {}) {
  const format = ['--prefix', 'depth', '--format', '|{p}|{l}'];
  const where = targets.flatMap((target) => ['--target', target]);
  const lines = cargo('tree', '--locked', ...where, '--edges', edges, ...format);
  const found = new Map();
  const above = [];
  for (const line of lines.split('\n').filter(Boolean)) {
    const [, depth, name, version, license] = /^(\d+)\|(\S+) v(\S+).*?\|(.*?)(?: \(\*\))?$/.exec(
      line,
    );
    const key = `${name}@${version}`;
    if (!found.has(key)) found.set(key, { name, version, license, dependencies: new Set() });
    above[Number(depth)] = key;
    if (Number(depth) > 0) found.get(above[Number(depth) - 1]).dependencies.add(key);
  }
  return found;
}

/**
 * An SPDX expression as alternatives, each a list of licences that all apply. Old manifests have `/`
 * for `OR`.
 */
function alternatives(expression) {
  const words = expression.replaceAll('/', ' OR ').match(/[()]|[^\s()]+/g) ?? [];
  let at = 0;
  const or = () => {
    let found = and();
    while (words[at] === 'OR') {
      at += 1;
      found = [...found, ...and()];
    }
    return found;
  };
  const and = () => {
    let found = one();
    while (words[at] === 'AND') {
      at += 1;
      const more = one();
      found = found.flatMap((left) => more.map((right) => [...left, ...right]));
    }
    return found;
  };
  const one = () => {
    if (words[at] === '(') {
      at += 1;
      const found = or();
      if (words[at] !== ')') throw new Error(`not an SPDX expression: ${expression}`);
      at += 1;
      return found;
    }
    let licence = words[at];
    if (licence === undefined || /^(\)|AND|OR|WITH)$/.test(licence)) {
      throw new Error(`not an SPDX expression: ${expression}`);
    }
    at += 1;
    if (words[at] === 'WITH') {
      licence += ` WITH ${words[at + 1]}`;
      at += 2;
    }
    return [[licence]];
  };
  const found = or();
  if (at !== words.length) throw new Error(`not an SPDX expression: ${expression}`);
  return found;
}

module.exports = { ROOT, alternatives, crates, manifest };
