'use strict';

// The rules that the workflows are held to, and the order in which a release is published.

const { describe, it } = require('node:test');
const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { PUBLISHED, verify } = require('../../tools/release');
const { checkRules, checkWorkflows } = require('../../tools/workflows');

const root = path.join(__dirname, '..', '..');
const SHA = 'a'.repeat(40);

const workflow = (...steps) => `on: push
permissions: {}
concurrency: x
jobs:
  one:
    runs-on: ubuntu-24.04
    timeout-minutes: 5
    permissions: {}
    steps:
${steps.map((step) => `      - ${step}`).join('\n')}
`;

describe('the workflows', () => {
  it('are sound', async () => {
    assert.deepEqual(await checkWorkflows(), []);
  });

  it('may use only what nobody can exchange', () => {
    assert.deepEqual(checkRules(workflow(`uses: a/b@${SHA} # v1.2.3`, 'uses: ./.github/c')), []);
    for (const used of [
      'a/b@v1',
      `a/b@${SHA}`,
      `a/b@${SHA.slice(1)} # v1.2.3`,
      `a/b@${SHA} # v1`,
    ]) {
      assert.match(checkRules(workflow(`uses: ${used}`)).join(), /must be pinned/, used);
    }
    assert.match(checkRules(workflow('env: { A: 1 }', 'image: node:24')).join(), /its digest/);
  });

  it('keep no credentials, and put nothing into a script', () => {
    const checkout = `uses: actions/checkout@${SHA} # v6.0.0`;
    assert.match(checkRules(workflow(checkout)).join(), /must not keep the credentials/);
    const kept = '\n        with:\n          persist-credentials: false';
    assert.deepEqual(checkRules(workflow(checkout + kept)), []);
    const hole = '$' + '{{ github.ref_name }}';
    for (const script of [`run: echo ${hole}`, `run: |\n          true\n          echo ${hole}`]) {
      assert.match(checkRules(workflow(script)).join(), /from its environment/, script);
    }
    assert.deepEqual(checkRules(workflow(`name: ${hole}\n        run: true`)), []);
  });

  it('ask for what they need, and for an end', () => {
    const bare = 'on: push\njobs:\n  one:\n    steps: []\n';
    assert.deepEqual(checkRules(bare), [
      'it must begin with "permissions: {}"',
      'it must have "concurrency"',
      'one must have "timeout-minutes"',
      'one must have "permissions"',
      'one must have "runs-on"',
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
