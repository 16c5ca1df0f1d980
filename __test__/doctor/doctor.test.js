'use strict';

// The command `monocloud-backend doctor`, run as a user runs it: as a process, against tenants that are
// well and tenants that are not.

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const { text } = require('node:stream/consumers');

const { createTestTenant } = require('@monocloud/backend-node/testing');
const { createCa, createClientCert } = require('../support/certs.js');
const { sendJson, startFaultyTenant } = require('../support/faulty-tenant.js');

const root = path.join(__dirname, '..', '..');
const manifest = require('../../package.json');

const INHERITED = /^(PATH|HOME|SYSTEMROOT|TEMP|TMPDIR)$/i;

/** @returns {Promise<{ status: number, out: string, err: string }>} */
async function run(
  args,
  { env, input, bin = path.join(root, manifest.bin['monocloud-backend']) } = {},
) {
  const inherited = Object.entries(process.env).filter(([name]) => INHERITED.test(name));
  const child = spawn(process.execPath, [bin, ...args], {
    env: { ...Object.fromEntries(inherited), ...env },
    timeout: 60_000,
  });
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const [out, err, status] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise((resolve) => child.on('close', resolve)),
  ]);
  return { status, out, err };
}

/** The same with `--json`, as what it printed. */
async function report(args, options) {
  const { status, out, err } = await run(['doctor', '--json', ...args], options);
  assert.equal(err, '');
  const document = JSON.parse(out);
  assert.equal(document.ok, status === 0, out);
  const of = (name) => document.checks.filter((check) => check.name === name);
  return { ...document, status, out, of, is: (name) => of(name).map((check) => check.status) };
}

describe('monocloud-backend doctor', () => {
  let tenant;
  let directory;
  before(async () => {
    tenant = await createTestTenant({ algorithms: ['ES256'] });
    directory = fs.mkdtempSync(path.join(os.tmpdir(), 'monocloud-doctor-'));
  });
  after(async () => {
    await tenant.close();
    fs.rmSync(directory, { recursive: true, force: true });
  });

  const write = (name, content) => {
    const file = path.join(directory, name);
    fs.writeFileSync(file, content);
    return file;
  };

  it('finds nothing to mend where all is well', async () => {
    const token = await tenant.issueToken({ scopes: ['a'] });
    const { status, out, err } = await run(['doctor', '--token', token, '--scope', 'a'], {
      env: tenant.env(),
    });
    assert.equal(status, 0, out);
    assert.equal(err, '');
    assert.match(out, /Nothing has to be mended\.\n$/);
    for (const name of [
      'environment',
      'configuration',
      'discovery',
      'clock',
      'keys',
      'introspection',
    ]) {
      assert.match(out, new RegExp(`^✓ ${name}`, 'm'));
    }
    assert.match(out, /^✓ token +passes$/m);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a colour is what must not be there
    assert.doesNotMatch(out, /\x1b/);
    assert.ok(!out.includes(tenant.clientSecret) && !out.includes(token), 'a secret is printed');
  });

  it('shows where a token stops, and all else that is wrong with it', async () => {
    const audience = `${tenant.audience}/`;
    const token = await tenant.issueToken({ audience, expiresIn: -420, scopes: ['a'] });
    const args = ['--token', token, '--scope', 'a', '--scope', 'b'];
    const { status, out } = await run(['doctor', ...args], { env: tenant.env() });
    assert.equal(status, 1);
    assert.match(out, /^✗ token +401: Invalid audience claim \[audience_mismatch\]$/m);
    assert.match(out, /^ {2}✓ signature$/m);
    assert.match(
      out,
      /^ {2}✗ audience +Invalid audience claim \[audience_mismatch\]\n +found +"https:\/\/api\.example\.com\/"\n +expected +"https:\/\/api\.example\.com"\n +→ .*slash/m,
    );
    assert.match(out, /^ {2}✗ expiration .*\n +→ It expired 7 minutes ago/m);
    assert.match(out, /^ {2}✗ scopes .*\n.*\n.*\n +→ Have the client ask for "b"/m);
    assert.match(out, /^ {2}– groups +not asked$/m);
    assert.match(out, /1 check failed\.\n$/);
    assert.ok(!out.includes(token) && !out.includes(tenant.clientSecret));

    const json = await report(args, { env: tenant.env() });
    assert.equal(json.status, 1);
    const [{ reason, details }] = json.of('token');
    assert.equal(reason, 'audience_mismatch');
    const failed = details.steps.filter(({ outcome }) => outcome === 'failed');
    assert.deepEqual(
      failed.map(({ rule }) => rule),
      ['audience', 'expiration', 'scopes'],
    );
    assert.ok(!json.out.includes(token) && !json.out.includes(tenant.clientSecret));
  });

  it('takes a token from standard input, and of any form', async () => {
    const env = tenant.env();
    for (const issue of ['issueToken', 'issueOpaqueToken']) {
      const token = await tenant[issue]();
      const { is, of } = await report(['--token', '-'], { env, input: `${token}\n` });
      assert.deepEqual(is('token'), ['ok']);
      assert.equal(of('token')[0].details.kind, issue === 'issueToken' ? 'jwt' : 'introspected');
    }
    assert.deepEqual((await report(['--token', '-'], { env, input: '' })).is('token'), ['failed']);
  });

  it('takes what a route asks, a certificate among it', async () => {
    const ca = createCa();
    const [own, other] = [createClientCert(ca), createClientCert(ca)].map(({ cert }, index) => ({
      cert,
      file: write(`client-${index}.pem`, cert),
    }));
    const token = await tenant.issueToken({ groups: ['x'], certificate: own.cert });
    const env = tenant.env();
    const ask = async (...args) => {
      const { of } = await report(['--token', token, ...args], { env });
      const [{ status, reason }] = of('token');
      return reason ?? status;
    };
    assert.equal(await ask(), 'certificate_missing');
    assert.equal(await ask('--certificate', own.file, '--group', 'y', '--group', 'x'), 'ok');
    assert.equal(await ask('--certificate', own.file, '--group', 'y'), 'missing_groups');
    assert.equal(await ask('--certificate', other.file), 'certificate_mismatch');
  });

  it('says what is wrong with the settings, without what is secret in them', async () => {
    const env = {
      ...tenant.env(),
      MONOCLOUD_BACKEND_CLIENT_SECRET: '"a secret in quotes"',
      MONOCLOUD_BACKEND_AUDIENC: 'x',
      MONOCLOUD_BACKEND_CLOCK_TOLERANCE: ' 60',
      MONOCLOUD_BACKEND_NOTHING_LIKE_IT_AT_ALL: 'x',
      HTTPS_PROXY: 'http://user:password@127.0.0.1:9',
    };
    const { checks, out } = await report([], { env });
    const warnings = checks.filter(({ status }) => status === 'warning').map((c) => c.message);
    assert.match(
      warnings.join('\n'),
      /AUDIENC is not read; do you mean MONOCLOUD_BACKEND_AUDIENCE\?/,
    );
    assert.match(warnings.join('\n'), /SECRET has quotes around it/);
    assert.match(warnings.join('\n'), /TOLERANCE has white space around it/);
    assert.match(warnings.join('\n'), /NOTHING_LIKE_IT_AT_ALL is not read$/m);
    assert.match(out, /HTTPS_PROXY/);
    assert.ok(!/a secret in quotes|user:password/.test(out), out);

    const missing = await report([], {});
    assert.deepEqual([missing.status, ...missing.is('configuration')], [1, 'failed']);
    assert.match(missing.of('configuration')[0].message, /MONOCLOUD_BACKEND_TENANT_DOMAIN/);
    const bad = await report([], { env: { ...env, MONOCLOUD_BACKEND_CLOCK_TOLERANCE: 'soon' } });
    assert.match(bad.of('configuration')[0].message, /CLOCK_TOLERANCE/);
    const user = 'https://user:hunter2@tenant.example';
    const info = await report([], { env: { MONOCLOUD_BACKEND_TENANT_DOMAIN: user } });
    assert.ok(!info.out.includes('hunter2'), info.out);
  });

  it('reads an environment file, a module of options, and a client', async () => {
    const lines = Object.entries(tenant.env()).map(([name, value]) => `${name}=${value}`);
    const file = write('.env', lines.join('\n'));
    if (process.loadEnvFile === undefined) {
      const { status, err } = await run(['doctor', '--env-file', file]);
      assert.deepEqual([status, /20\.12/.test(err)], [2, true]);
    } else {
      assert.equal((await report(['--env-file', file])).status, 0);
    }
    const options = JSON.stringify(tenant.clientOptions());
    const modules = {
      'options.cjs': `module.exports = ${options};`,
      'options.mjs': `export default ${options};`,
      // A connection that stays open, as a program's own may.
      'client.cjs': `
        setInterval(() => {}, 1000);
        const { MonoCloudBackendNodeClient } = require(${JSON.stringify(root)});
        module.exports = new MonoCloudBackendNodeClient(${options});`,
    };
    for (const [name, source] of Object.entries(modules)) {
      const found = await report(['--options', write(name, source), '--token', '-'], {
        input: await tenant.issueToken(),
      });
      assert.deepEqual([found.status, ...found.is('token')], [0, 'ok'], name);
    }
    const broken = await run([
      'doctor',
      '--options',
      write('broken.cjs', 'throw new Error("own")'),
    ]);
    assert.equal(broken.status, 2);
    assert.match(broken.err, /broken\.cjs can't be loaded: Error: own\n/);
  });

  it('finds credentials that the tenant does not take', async () => {
    const secret = 'another secret than the right one';
    const env = { ...tenant.env(), MONOCLOUD_BACKEND_CLIENT_SECRET: secret };
    const { status, of, out } = await report([], { env });
    assert.equal(status, 1);
    const [{ reason, advice }] = of('introspection');
    assert.equal(reason, 'invalid_client');
    assert.match(advice, /clientSecret/);
    assert.ok(!out.includes(secret));
    const { MONOCLOUD_BACKEND_CLIENT_ID: _, MONOCLOUD_BACKEND_CLIENT_SECRET: __, ...jwt } = env;
    assert.deepEqual((await report([], { env: jwt })).is('introspection'), ['skipped']);
  });

  it('tells usage from trouble', async () => {
    for (const args of [[], ['doctr'], ['doctor', 'x'], ['doctor', '--nonsense']]) {
      const { status, out, err } = await run(args);
      assert.deepEqual([status, out], [2, ''], args.join(' '));
      assert.match(err, /Usage: monocloud-backend doctor/);
    }
    const { status, err } = await run(['doctor', '--certificate', path.join(directory, 'none')]);
    assert.equal(status, 2);
    assert.match(err, /--certificate .* can't be read \(ENOENT\)/);
    assert.match((await run(['--help'])).out, /^Usage: /);
    assert.equal((await run(['--version'])).out, `${manifest.version}\n`);
  });

  it('paints where it is asked to', async () => {
    const env = tenant.env();
    const painted = await run(['doctor'], { env: { ...env, FORCE_COLOR: '1' } });
    assert.ok(painted.out.includes('\x1b[32m✓\x1b[0m'));
    for (const more of [{ FORCE_COLOR: '0' }, { FORCE_COLOR: '1', NO_COLOR: '1' }]) {
      assert.ok(!(await run(['doctor'], { env: { ...env, ...more } })).out.includes('\x1b'));
    }
    const plain = await run(['doctor', '--no-color'], { env: { ...env, FORCE_COLOR: '1' } });
    assert.ok(!plain.out.includes('\x1b'));
  });

  it('says that the addon is missing, where it is', async () => {
    const copy = path.join(directory, 'copy');
    fs.cpSync(path.join(root, 'js'), path.join(copy, 'js'), {
      recursive: true,
      filter: (file) => !file.endsWith('.node'),
    });
    fs.copyFileSync(path.join(root, 'package.json'), path.join(copy, 'package.json'));
    const bin = path.join(copy, 'js', 'bin.js');
    const found = await report([], { env: tenant.env(), bin });
    assert.equal(found.status, 1);
    const [{ reason, message }] = found.of('addon');
    assert.equal(reason, 'ERR_MONOCLOUD_NATIVE');
    assert.match(message, /install it again/);
  });
});

describe('monocloud-backend doctor, where the tenant is not well', () => {
  const envOf = ({ origin, audience, credentials }) => ({
    MONOCLOUD_BACKEND_TENANT_DOMAIN: origin,
    MONOCLOUD_BACKEND_AUDIENCE: audience,
    MONOCLOUD_BACKEND_CLIENT_ID: credentials.clientId,
    MONOCLOUD_BACKEND_CLIENT_SECRET: credentials.clientSecret,
  });

  it('says that nobody is there', async () => {
    const tenant = await startFaultyTenant();
    await tenant.close();
    const { status, of } = await report([], { env: envOf(tenant) });
    assert.equal(status, 1);
    const [{ reason, advice }] = of('discovery');
    assert.equal(reason, 'connection_failed');
    assert.match(advice, /firewall/);
  });

  it('says why keys are passed over, and that a token that was made up is let in', async (t) => {
    const tenant = await startFaultyTenant();
    t.after(() => tenant.close());
    tenant.on('jwks', (_request, response) =>
      sendJson(response, {
        keys: [
          { kty: 'oct', k: 'c2VjcmV0', kid: 'shared' },
          { kty: 'EC', crv: 'secp256k1', kid: '\x1b[31mred\u202e', x: 'AA', y: 'AA' },
        ],
      }),
    );
    const { of, out, status } = await report([], { env: envOf(tenant) });
    assert.equal(status, 1);
    const [{ message, details }] = of('keys');
    assert.equal(message, '0 usable, 2 not');
    assert.deepEqual(
      details.keys.map(({ skipped }) => skipped),
      ['unsupported_key_type', 'unsupported_curve'],
    );
    assert.ok(!out.includes('c2VjcmV0'));
    assert.match(of('introspection')[0].message, /active that was just made up/);
    const asText = await run(['doctor'], { env: envOf(tenant) });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal would obey
    assert.doesNotMatch(asText.out, /[\x1b\u202e]/);
    assert.match(asText.out, /"\\u001b\[31mred\\u202e" of type "EC" is passed over: its "crv"/);
  });

  it('says that the clock is wrong', async (t) => {
    const tenant = await startFaultyTenant();
    t.after(() => tenant.close());
    tenant.on('discovery', (request, response, right) => {
      response.sendDate = false;
      response.setHeader('date', new Date(Date.now() - 420_000).toUTCString());
      right(request, response);
    });
    tenant.on('jwks', (request, response, right) => {
      response.sendDate = false;
      right(request, response);
    });
    const { of } = await report([], { env: envOf(tenant) });
    const [{ status, message }] = of('clock');
    assert.deepEqual([status, message], ['warning', "7 minutes ahead of the tenant's"]);
  });

  it('shows what is hostile, and does not obey it', async (t) => {
    const tenant = await startFaultyTenant();
    t.after(() => tenant.close());
    const evil = '\x1b]0;title\x07\x9b31m\u061c\u202e\u200b\u2028\u{e0041}\r\nforged line';
    const token = tenant.sign({ ...tenant.claims(), aud: [evil], iss: evil, scope: evil });
    tenant.on('introspection', (_request, response) =>
      sendJson(response, { error: 'invalid_client', error_description: evil }, 401),
    );
    for (const args of [[], ['--json']]) {
      const { out } = await run(['doctor', '--token', token, '--scope', 'x', ...args], {
        env: envOf(tenant),
      });
      // biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal would obey
      assert.doesNotMatch(out, /[\0-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b\u2028\u202e\u{e0041}]/u);
      assert.doesNotMatch(out, /^forged line/m);
      assert.match(out, /audience_mismatch|issuer_mismatch/);
    }
    // What the command line says comes from elsewhere, too.
    const usages = [[`doctor-${evil}`], ['doctor', `--${evil}`], ['doctor', '--options', evil]];
    for (const args of usages) {
      const { err, status } = await run(args);
      assert.equal(status, 2);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal would obey
      assert.doesNotMatch(err, /[\0-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b\u2028\u202e\u{e0041}]/u);
      assert.doesNotMatch(err, /^forged line/m);
    }
  });
});
