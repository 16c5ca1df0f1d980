'use strict';

// The rules of a route on the doctor's command line.

const assert = require('node:assert/strict');
const { after, before, describe, it } = require('node:test');
const { main } = require('../../js/doctor/index.js');
const { createTestTenant } = require('@monocloud/backend-node/testing');

/** What the command prints, and its exit status. */
async function run(args) {
  const text = { out: '', err: '' };
  const into = (name) => ({
    write: (part) => {
      text[name] += part;
    },
  });
  const status = await main(args, { stdout: into('out'), stderr: into('err') });
  return { status, ...text };
}

describe('the doctor, told of the rules of a route', () => {
  let tenant;
  let saved;
  before(async () => {
    tenant = await createTestTenant({ algorithms: ['ES256'] });
    saved = { ...process.env };
    Object.assign(process.env, tenant.env());
  });
  after(async () => {
    for (const name of Object.keys(tenant.env())) delete process.env[name];
    Object.assign(process.env, saved);
    await tenant.close();
  });

  const RULES = [
    ...['--any-scope', 'posts:write', '--any-scope', 'admin'],
    ...['--claim', 'plan=team', '--claim', 'plan=enterprise', '--claim', 'level=3'],
    ...['--claim', 'code="3"', '--claim', 'staff=true', '--claim', 'note=a=b'],
    ...['--claim', 'list=[1]', '--claim', '__proto__=x'],
    ...['--acr', 'urn:example:mfa', '--acr', 'urn:example:hardware', '--max-age', '300'],
  ];
  const GOOD = {
    plan: 'enterprise',
    level: 3,
    code: '3',
    staff: true,
    note: 'a=b',
    list: '[1]',
    ['__proto__']: 'x',
    acr: 'urn:example:mfa',
  };
  const explain = async (claims) => {
    const auth_time = Math.floor(Date.now() / 1000);
    const wish = { scopes: ['admin'], claims: { ...GOOD, auth_time, ...claims } };
    const token = await tenant.issueToken(wish);
    const { status, out } = await run(['doctor', '--token', token, ...RULES, '--json']);
    const { steps } = JSON.parse(out).checks.find(({ name }) => name === 'token').details;
    const failed = steps.filter(({ outcome }) => outcome === 'failed').map(({ rule }) => rule);
    return { status, failed };
  };

  it('finds them met', async () => {
    assert.deepEqual(await explain({}), { status: 0, failed: [] });
  });

  it('finds out which is not', async () => {
    for (const claims of [
      { plan: 'free' },
      { level: '3' },
      { code: 3 },
      { staff: 'true' },
      { list: [1] },
      { ['__proto__']: 'y' },
    ]) {
      const found = await explain(claims);
      assert.deepEqual(found, { status: 1, failed: ['claims'] }, JSON.stringify(claims));
    }
    for (const claims of [{ acr: 'urn:example:pwd' }, { auth_time: 0 }]) {
      assert.deepEqual(await explain(claims), { status: 1, failed: ['authentication'] });
    }
    assert.deepEqual(await explain({ scope: 'other' }), { status: 1, failed: ['scopes'] });
  });

  it('shows what was found, what was expected, and what to change', async () => {
    const token = await tenant.issueToken({ claims: { plan: 'free' } });
    const args = ['--token', token, '--claim', 'plan=team', '--max-age', '60', '--no-color'];
    const { out } = await run(['doctor', ...args]);
    assert.match(
      out,
      /^ {2}✗ claims .*\[claims_mismatch\]\n +found +\{"plan":"free"\}\n +expected +\{"plan":\["team"\]\}\n +→ .*"plan" is "free"$/m,
    );
    assert.match(
      out,
      /^ {2}✗ authentication .*\[missing_auth_time\]\n.*\n.*\n +→ It does not say/m,
    );
  });

  it('refuses what is no rule, with the status of a wrong call', async () => {
    for (const [args, message] of [
      [['--claim', 'plan'], /--claim must be followed by NAME=VALUE/],
      [['--claim', '=team'], /--claim must be followed by NAME=VALUE/],
      [['--max-age', 'soon'], /--max-age must be followed by a number of seconds/],
      [['--max-age=-1'], /--max-age must be followed by a number of seconds/],
      [['--max-age', '1e3'], /--max-age must be followed by a number of seconds/],
    ]) {
      const { status, out, err } = await run(['doctor', ...args]);
      assert.deepEqual([status, out], [2, '']);
      assert.match(err, message);
    }
  });
});
