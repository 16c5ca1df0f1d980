'use strict';

// The workflows, beside what zizmor says of them in `npm run ready`, and the order in which a release is published.

const { describe, it } = require('node:test');
const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { PUBLISHED, verify } = require('../../tools/release');
const { checkRules, checkWorkflows } = require('../../tools/workflows');

const root = path.join(__dirname, '..', '..');

describe('the workflows', () => {
  it('pass actionlint and our own rules', async () => {
    assert.deepEqual(await checkWorkflows(), []);
  });

  it('may name no unpinned image and no unnamed version, and end in time', () => {
    const sha = 'a'.repeat(40);
    const workflow = (line) => `jobs:\n  one:\n    timeout-minutes: 5\n    ${line}\n`;
    for (const good of [`uses: a/b@${sha} # v1.2.3`, 'uses: ./.github/c', 'run: true']) {
      assert.deepEqual(checkRules(workflow(good)), [], good);
    }
    assert.match(checkRules(workflow(`uses: a/b@${sha}`)).join(), /version in a comment/);
    assert.match(checkRules(workflow('  IMAGE: node:24')).join(), /its digest/);
    assert.deepEqual(checkRules('jobs:\n  one:\n    steps: []\n'), [
      'one must have "timeout-minutes"',
    ]);
  });
});

describe('a release', () => {
  it('publishes the addons before the package', () => {
    assert.equal(PUBLISHED.length, 9);
    assert.equal(PUBLISHED.at(-1), '@monocloud/backend-node');
    const { optionalDependencies } = require('../../package.json');
    assert.deepEqual(PUBLISHED.slice(0, -1).sort(), Object.keys(optionalDependencies).sort());
  });

  it('is refused under a tag of another version, or without a word in the changelog', () => {
    assert.deepEqual(verify(), []);
    assert.match(verify('v99.0.0').join(), /the tag is v99\.0\.0, and package\.json says v/);
  });

  it('is refused if its addons are not all there', () => {
    const run = (...args) =>
      spawnSync(process.execPath, ['tools/release.js', ...args], { cwd: root, encoding: 'utf8' });
    const { status, stderr } = run('stage', 'npm', 'dist/never');
    assert.deepEqual([status, stderr], [1, 'release: npm has 0 of 8 addons\n']);
    assert.match(run('toString').stderr, /"toString" is none of verify, stage,/);
  });
});
