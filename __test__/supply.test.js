'use strict';

// The list of crates that a release carries.

const assert = require('node:assert/strict');
const { describe, it } = require('node:test');

const { host, sbom } = require('../tools/sbom');

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
      assert.match(licenses[0].expression, /^\(?[A-Z0-9][\w.() -]*$/, name);
    }
  });

  it('names all that is in the addon, and nothing that only makes it', () => {
    for (const name of ['aws-lc-sys', 'jsonwebtoken', 'napi', 'reqwest', 'rustls', 'serde_json']) {
      assert.ok(names.includes(name), name);
    }
    for (const name of ['cc', 'syn', 'napi-derive', 'napi-build', 'serde_derive']) {
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
