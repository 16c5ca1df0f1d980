'use strict';

// The page in headless Chromium: each button, with the mouse and by keyboard alone, in both colour schemes and at two
// widths; what is shown of hostile tokens; and what a page of another origin can do.

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const http = require('node:http');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const { createTestTenant } = require('@monocloud/backend-node/testing');
const axe = require('axe-core');
const { OPERATIONS } = require('../../js/demo/operations.js');
const { startDemo } = require('../../js/demo/demo.js');
const { launch, noBrowser, open } = require('../../tools/browser.js');

const ROOT = path.join(__dirname, '..', '..');
const WIDE = { width: 1280, height: 900 };
const NARROW = { width: 360, height: 740 };

const settled = (page) =>
  page.waitForFunction(() => document.querySelector('[aria-busy]') === null);

/** Clicks, and waits for what comes of it. */
async function press(page, selector) {
  await page.click(selector);
  await settled(page);
}

async function openDemo(context, url, options) {
  const opened = await open(context, url, options);
  await opened.page.waitForSelector('#demo:not([hidden])');
  await opened.page.waitForSelector('#keys dd');
  return opened;
}

/** The violations that axe finds, as text. */
async function violations(page) {
  await page.evaluate(`${axe.source}; void 0`);
  const found = await page.evaluate(() =>
    window.axe.run(document, { resultTypes: ['violations'] }),
  );
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html)}`);
}

describe('the page', { skip: noBrowser, timeout: 120_000 }, () => {
  let browser;
  let demo;
  before(async () => {
    [browser, demo] = await Promise.all([launch(), startDemo({ folder: ROOT })]);
  });
  after(async () => {
    await browser?.close();
    await demo?.close();
  });

  const show = (options) => openDemo(browser.context, demo.url, options);
  const lines = (page) => page.locator('#outcome li').allInnerTexts();

  const tokenButtons = async (options) => {
    const { page, wrong } = await show(options);
    const expected = {
      expired: ['401, expired ✓', 'expiration'],
      audience: ['401, audience_mismatch ✓', 'audience'],
      none: ['401, unsupported_algorithm ✓', 'header'],
      tampered: ['401, invalid_signature ✓', 'signature'],
      scope: ['403, missing_scopes ✓', 'scopes'],
      stolen: ['401, dpop_key_mismatch ✓', 'dpop_binding'],
      replayed: ['401, dpop_proof_replayed ✓', undefined],
    };
    const ids = await page
      .locator('#scenarios button')
      .evaluateAll((buttons) => buttons.map(({ dataset }) => dataset.id));
    assert.deepEqual(ids.sort(), Object.keys(expected).sort());
    for (const [id, [outcome, rule]] of Object.entries(expected)) {
      await press(page, `#scenarios [data-id=${id}]`);
      assert.ok((await lines(page)).at(-1).includes(outcome), id);
      assert.match(await page.textContent('#answer'), /✓ the documented answer/);
      const failed = await page.locator('#rules .failed').allInnerTexts();
      assert.equal(failed[0]?.replace('✗ ', ''), rule, id);
      // A cure beside the rule.
      if (rule) assert.match(await page.textContent('#rules tr:has(.failed)'), /→/);
    }
    assert.deepEqual(wrong, []);
    await page.close();
  };
  it('shows what each button for a token does, as documented', () =>
    tokenButtons({ size: WIDE, scheme: 'light' }));
  it('shows the same on a narrow, dark screen', () =>
    tokenButtons({ size: NARROW, scheme: 'dark' }));

  it('shows what each button for the tenant does', async () => {
    const { page, wrong } = await show();
    const timeline = () => page.textContent('#timeline');
    const expected = {
      rotate: ['200', '200', '200'],
      withdraw: ['200', '200', '401, unknown_key'],
      away: ['200', '200'],
      slow: ['200', '200'],
      back: ['200'],
      flood: ['401, unknown_key', '401, unknown_key', '401, unknown_key', '200'],
    };
    assert.deepEqual(Object.keys(expected), Object.keys(OPERATIONS));
    for (const [id, outcomes] of Object.entries(expected)) {
      await press(page, `#operations [data-id=${id}]`);
      const got = (await lines(page)).map((line) => line.replace(/^.*: /, ''));
      // A machine that takes two seconds for a rotation has fetched the keys meanwhile.
      if (id === 'withdraw' && got[1] === '401, unknown_key') got[1] = '200';
      assert.deepEqual(got, outcomes, id);
      if (id === 'away') {
        await page.waitForFunction(() => document.body.textContent.includes('refresh-failed'));
        assert.match(await timeline(), /stale-use: /);
        assert.match(await page.textContent('#keys'), /away/);
      }
    }
    const text = await timeline();
    assert.match(text, /unknown-key: /);
    assert.match(text, /request: GET \/api\/protected on web: 401 in/);
    assert.match(await page.textContent('#keys'), /up/);
    assert.deepEqual(wrong, []);
    await page.close();
  });

  it('makes tokens, sends them to each route of each framework, and shows how to write it', async () => {
    const { page, wrong } = await show();
    await browser.context.grantPermissions(['clipboard-read', 'clipboard-write']);
    const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
    await page.fill('#expires', '60');
    await press(page, '#maker button');
    for (const { name } of demo.apis) {
      await page.selectOption('#api', name);
      for (const [route, status] of [
        ['/protected', 200],
        ['/data', 200],
        ['/team', 403],
      ]) {
        await page.selectOption('#route', route);
        await press(page, '#sender button');
        const answer = await page.textContent('#answer');
        assert.ok(answer.includes(`Status ${status}`), answer);
        assert.ok(answer.includes(`/api${route}`), answer);
      }
      const snippet = await page.textContent('#snippet');
      assert.match(snippet, /'\/api\/team'/);
      assert.match(snippet, /groups: \['engineering'\]/);
      assert.ok(snippet.includes(`@monocloud/backend-node/${name}`));
    }
    await press(page, '#copy-snippet');
    assert.match(await clipboard(), /from 'koa';\n/);
    await press(page, '#copy-curl');
    assert.match(
      await clipboard(),
      /^curl -i http:\/\/127\.0\.0\.1:\d+\/api\/team \\\n {2}-H 'Auth/,
    );
    assert.match(await page.textContent('#rules p'), /exp is in [345]\d seconds/);
    const before = await page.textContent('#rules p');
    await page.waitForFunction(
      (text) => document.querySelector('#rules p').textContent !== text,
      before,
    );

    await page.selectOption('#route', '/protected');
    for (const bound of ['certificate', 'dpop']) {
      await page.selectOption('#bound', bound);
      await press(page, '#maker button');
      for (const [by, status] of [
        ['owner', 200],
        ['thief', 401],
        ['replay', 401],
      ]) {
        await page.selectOption('#by', by);
        await press(page, '#sender button');
        const answer = await page.textContent('#answer');
        assert.ok(answer.includes(`Status ${status}`), `${bound} ${by}: ${answer}`);
      }
    }
    assert.match(await page.textContent('#rules'), /its proof was used before/);
    await page.fill('#audience', '');
    await press(page, '#maker button');
    assert.match(await page.textContent('#problem'), /audience must be a text/);
    // The server answers a form that it cannot use with 400, which Chromium reports.
    assert.deepEqual(
      wrong.filter((text) => !/400 \(Bad Request\)/.test(text)),
      [],
    );
    await page.close();
  });

  it('can be used by keyboard alone', async () => {
    const { page, wrong } = await show();
    const focused = () =>
      page.evaluate(() => {
        const { id, dataset, textContent } = document.activeElement;
        return id || dataset.id || textContent;
      });
    const seen = [];
    const tabTo = async (wanted) => {
      for (let step = 0; step < 60; step += 1) {
        await page.keyboard.press('Tab');
        const found = await focused();
        seen.push(found);
        const outline = await page.evaluate(
          () => getComputedStyle(document.activeElement).outlineStyle,
        );
        assert.notEqual(outline, 'none', `${found} shows no focus`);
        if (found === wanted) return;
      }
      assert.fail(`${wanted} is not reached: ${seen}`);
    };
    await tabTo('route');
    await page.keyboard.press('ArrowDown');
    assert.equal(await page.inputValue('#route'), '/data');
    await tabTo('scopes');
    await page.keyboard.press('Control+A');
    await page.keyboard.type('data:read');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.querySelector('#token').value !== '');
    await tabTo('Send it');
    await page.keyboard.press('Space');
    await page.waitForFunction(() => document.querySelector('#answer').textContent !== '');
    assert.match(await page.textContent('#answer'), /Status 403/);
    assert.equal(await focused(), 'Send it');
    await tabTo('expired');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.querySelector('#outcome li') !== null);
    await tabTo('flood');
    await tabTo('timeline');
    await tabTo('copy-snippet');
    assert.deepEqual(wrong, []);
    await page.close();
  });

  it('has no violation that axe finds, in both schemes and at both widths', async () => {
    const { page, wrong } = await show();
    await press(page, '#scenarios [data-id=audience]');
    await press(page, '#operations [data-id=flood]');
    for (const size of [WIDE, NARROW]) {
      for (const colorScheme of ['light', 'dark']) {
        await page.setViewportSize(size);
        await page.emulateMedia({ colorScheme });
        assert.deepEqual(await violations(page), [], `${size.width} ${colorScheme}`);
        const width = await page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(width <= size.width, `${width} of ${size.width}`);
      }
    }
    const background = (scheme) =>
      page
        .emulateMedia({ colorScheme: scheme })
        .then(() => page.evaluate(() => getComputedStyle(document.body).backgroundColor));
    assert.notEqual(await background('light'), await background('dark'));
    assert.deepEqual(wrong, []);
    await page.close();
  });

  it('shows hostile tokens as text', async () => {
    const { page, wrong } = await show({ size: NARROW });
    const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const markup = '<img src=x onerror="document.title=1"><script>document.title=1</script>';
    const claims = { iss: markup, aud: `\u202e${markup}\u0007`, exp: markup };
    const tokens = [
      markup,
      `${encode({ alg: markup, typ: markup, kid: markup })}.${encode(claims)}.x`,
      `${encode({ alg: 'ES256', typ: 'at+jwt', kid: markup })}.${encode(claims)}.x`,
      'a\u0000b\u001b[31mc\u007f',
      '\u202eabc\u2066def\u200f',
      'x'.repeat(16 * 1024),
      `${'<b>'.repeat(5000)}`,
    ];
    for (const token of tokens) {
      await page.evaluate((text) => {
        document.getElementById('token').value = text;
      }, token);
      await press(page, '#sender button');
      const answer = await page.textContent('#answer');
      assert.match(answer, /Status 401|Not sent: It has characters/);
      const shown = await page.evaluate(() => document.body.textContent);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: what must not be there
      assert.doesNotMatch(shown, /[\u0000-\u0008\u000b-\u001f\u007f\u200f\u202e\u2066]/);
      const made = await page.evaluate(
        () => document.querySelectorAll('main img, main script, main b').length,
      );
      assert.equal(made, 0);
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(width <= NARROW.width, `${width}`);
    }
    assert.match(await page.title(), /^Watch the guard think/);
    assert.deepEqual(wrong, []);
    await page.close();
  });

  it('does nothing for a page of another origin', async () => {
    const other = http.createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<title>other</title>');
    });
    other.listen(0, '127.0.0.1');
    await once(other, 'listening');
    const page = await browser.context.newPage();
    await page.goto(`http://127.0.0.1:${other.address().port}/`);
    const before = demo.tenant.requests;
    const outcomes = await page.evaluate(async (url) => {
      const body = JSON.stringify({ api: 'web', id: 'rotate' });
      const tries = [
        { mode: 'no-cors', method: 'POST', body },
        { mode: 'no-cors', method: 'POST', body, headers: { 'content-type': 'text/plain' } },
        { mode: 'cors', method: 'POST', body, headers: { 'content-type': 'application/json' } },
      ];
      const results = [];
      for (const init of tries) {
        const done = await fetch(`${url}operation`, init).then(
          ({ type }) => type,
          () => 'failed',
        );
        results.push(done);
      }
      results.push(
        await fetch(`${url}state`).then(
          () => 'read',
          () => 'failed',
        ),
      );
      const events = new EventSource(`${url}events`);
      results.push(
        await new Promise((resolve) => {
          events.onopen = () => resolve('open');
          events.onerror = () => resolve('failed');
        }),
      );
      events.close();
      const frame = document.createElement('iframe');
      frame.src = url;
      document.body.append(frame);
      await new Promise((resolve) => {
        frame.onload = resolve;
      });
      let inside = 'framed';
      try {
        inside = frame.contentDocument === null ? 'closed' : 'read';
      } catch {
        inside = 'closed';
      }
      results.push(inside);
      return results;
    }, demo.url);
    assert.deepEqual(
      outcomes.map((outcome) => (outcome === 'opaque' ? 'failed' : outcome)),
      ['failed', 'failed', 'failed', 'failed', 'failed', 'closed'],
    );
    const framed = page.frames().find((frame) => frame !== page.mainFrame());
    assert.doesNotMatch(await framed.content(), /Watch the guard/);
    assert.deepEqual(demo.tenant.requests, before);
    await page.close();
    other.close();
    other.closeAllConnections();
  });

  it('is the report of doctor --open, read-only', async () => {
    const tenant = await createTestTenant();
    const markup = '<img src=x>';
    const token = await tenant.issueToken({ audience: `${tenant.audience}/${markup}` });
    const child = spawn(
      process.execPath,
      [path.join(ROOT, 'js', 'bin.js'), 'doctor', '--open', '--token', token],
      // Without a PATH there is no browser that it could open.
      { env: { ...tenant.env(), PATH: '' }, timeout: 60_000 },
    );
    const url = await new Promise((resolve, reject) => {
      let said = '';
      child.once('close', () => reject(new Error(said)));
      child.stderr.on('data', (chunk) => {
        said += chunk;
        const [, found] = /report is at (\S+)/.exec(said) ?? [];
        if (found) resolve(found);
      });
    });
    const { page, wrong } = await open(browser.context, url);
    await page.waitForSelector('#report:not([hidden])');
    const shown = await page.textContent('#report');
    assert.match(shown, /✗ token/);
    assert.match(shown, /✗ audience/);
    assert.ok(shown.includes(markup));
    assert.match(shown, /exp is in \d+ seconds/);
    assert.ok(!(await page.content()).includes(token), 'the token is on the page');
    assert.equal(await page.locator('button:visible, form:visible').count(), 0);
    assert.deepEqual(await violations(page), []);
    const origin = url.slice(0, -1);
    const headers = { origin, 'content-type': 'application/json' };
    for (const target of ['make', 'send', 'scenario', 'operation']) {
      const { status } = await fetch(url + target, { method: 'POST', headers, body: '{}' });
      assert.equal(status, 404, target);
    }
    assert.deepEqual(wrong, []);
    await page.close();
    child.kill('SIGINT');
    const [code] = await once(child, 'close');
    assert.equal(code, 1);
    await tenant.close();
  });
});
