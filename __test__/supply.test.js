'use strict';

// The rules for what this package stands on, which `npm run ready` holds it to, and the list of it that
// a release carries.

const assert = require('node:assert/strict');
const { describe, it } = require('node:test');

const { alternatives } = require('../tools/crates');
const { checkDuplicates, denied, isLicensed } = require('../tools/supply');
const { host, sbom } = require('../tools/sbom');

describe('the supply check', () => {
  it('reads SPDX expressions', () => {
    assert.deepEqual(alternatives('MIT/Apache-2.0'), [['MIT'], ['Apache-2.0']]);
    assert.deepEqual(alternatives('ISC AND (Apache-2.0 OR MIT)'), [
      ['ISC', 'Apache-2.0'],
      ['ISC', 'MIT'],
    ]);
    const exception = 'Apache-2.0 WITH LLVM-exception';
    assert.deepEqual(alternatives(`${exception} OR MIT`), [[exception], ['MIT']]);
    for (const bad of ['', 'OR', 'MIT OR', '(MIT', 'MIT)', 'MIT ISC', '()']) {
      assert.throws(() => alternatives(bad), /not an SPDX expression/, bad);
    }
  });

  it('allows what is licensed in some allowed way', () => {
    const allowed = new Set(denied().licences);
    for (const good of ['MIT', 'GPL-3.0-only OR MIT', '(MIT OR X) AND ISC']) {
      assert.ok(isLicensed(good, allowed), good);
    }
    for (const bad of ['GPL-3.0-only', 'MIT AND GPL-3.0-only', 'mit']) {
      assert.ok(!isLicensed(bad, allowed), bad);
    }
  });

  it('names duplicates that nobody has explained, and explanations of none', () => {
    const both = ['1.0.1', '2.0.0'].map((version) => ({ name: 'x', version }));
    assert.match(checkDuplicates(both, []).join(), /x is there as 1\.0\.1 and 2\.0\.0/);
    assert.deepEqual(checkDuplicates(both, ['x@1']), []);
    assert.match(checkDuplicates(both, ['x@1', 'y@3']).join(), /y@3, which is no duplicate/);
    assert.match(checkDuplicates(both.slice(1), ['x@1']).join(), /x@1, which is no duplicate/);
  });
});

describe('the SBOM', () => {
  const document = sbom(host());
  const names = document.components.map(({ name }) => name);

  it('is CycloneDX 1.5, and the same each time', () => {
    assert.equal(JSON.stringify(sbom(host())), JSON.stringify(document));
    assert.equal(document.bomFormat, 'CycloneDX');
    assert.equal(document.specVersion, '1.5');
    assert.equal(document.version, 1);
    const { component } = document.metadata;
    assert.match(component.purl, /^pkg:npm\/%40monocloud\/backend-node@\d+\.\d+\.\d+$/);
    for (const { type, name, version, purl, hashes, licenses, ...more } of document.components) {
      assert.equal(type, 'library');
      assert.equal(purl, `pkg:cargo/${name}@${version}`);
      assert.deepEqual(more, { 'bom-ref': purl });
      assert.match(hashes[0].content, /^[0-9a-f]{64}$/, name);
      assert.deepEqual([hashes.length, hashes[0].alg], [1, 'SHA-256']);
      assert.ok(alternatives(licenses[0].expression).length > 0);
    }
  });

  it('names all that is in the addon, and nothing that only makes it', () => {
    for (const name of ['aws-lc-sys', 'napi', 'reqwest', 'rustls', 'serde_json', 'url']) {
      assert.ok(names.includes(name), name);
    }
    for (const name of ['jsonwebtoken', 'cc', 'syn', 'napi-derive', 'napi-build', 'serde_derive']) {
      assert.ok(!names.includes(name), name);
    }
  });

  it('tells who needs whom, of those that it names', () => {
    const refs = document.components.map((component) => component['bom-ref']);
    const known = new Set([document.metadata.component['bom-ref'], ...refs]);
    assert.equal(known.size, refs.length + 1, 'each once');
    assert.deepEqual(new Set(document.dependencies.map(({ ref }) => ref)), known);
    const needed = new Set(document.dependencies.flatMap(({ dependsOn }) => dependsOn));
    assert.deepEqual(needed, new Set(refs));
  });
});
