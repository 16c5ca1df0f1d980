'use strict';

// Contract §2: names, variables and defaults have one home, the core's table of options
// (src/config/options.rs). The documentation and the types say the same.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it } = require('node:test');

const { optionTable } = require('../../js/core/bridge.js');

const read = (file) => fs.readFileSync(path.join(__dirname, '..', '..', file), 'utf8');

/** The rows of the page: names, variable and default, each without its code marks. */
function documented() {
  const rows = read('docs/configuration.md').matchAll(/^\|([^|]+)\|([^|]*)\|([^|]*)\|/gm);
  return Array.from(rows, ([, names, variable, byDefault]) => ({
    names: names.match(/[\w.]+/g) ?? [],
    variable: /`(\w+)`/.exec(variable)?.[1],
    default: /^`(.+)`$/.exec(byDefault.trim())?.[1],
  })).filter(({ names }) => optionTable.some(({ name }) => name === names[0]));
}

describe('§2 the table of options', () => {
  const rows = documented();
  const isDocumentedWhole = ({ name }) => /^(tls|cache)\./.test(name) || name === 'groupOptions';

  for (const option of optionTable.filter((row) => !isDocumentedWhole(row))) {
    it(`has ${option.name} as the documentation has it`, () => {
      const row = rows.find(({ names }) => names.includes(option.name));
      assert.ok(row, 'it is not in docs/configuration.md');
      assert.equal(row.variable, option.variable ?? undefined);
      if (option.default !== null && option.default !== undefined) {
        assert.equal(row.default, option.default);
      }
    });
  }

  it('has every name that the types declare, and no other', () => {
    const types = read('index.d.ts');
    const names = new Set();
    for (const name of ['MonoCloudOidcBackendClientOptions', 'MonoCloudBackendNodeClientOptions']) {
      const body = new RegExp(`export interface ${name}[^{]*\\{\\n([\\s\\S]*?)\\n\\}`).exec(
        types,
      )[1];
      for (const [, member] of body.matchAll(/^ {2}(\w+)\??[:(]/gm)) names.add(member);
    }
    const top = optionTable.map(({ name }) => name).filter((name) => !name.includes('.'));
    assert.deepEqual([...names].sort(), [...top].sort());
  });
});
