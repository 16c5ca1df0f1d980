'use strict';

// A newcomer installs the package in an empty folder, pastes a program, and sends requests: README.md's
// first program, and each of the vendor's documentation, unchanged. `npm run newcomer` prints how long
// each took.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const { WAYS, walk } = require('./journey.js');
const { README, SEEDS } = require('./journeys.js');
const { ROOT, serve, succeed } = require('./support.js');

// Two at a time: half of each is waiting.
describe('a newcomer', { concurrency: 2 }, () => {
  let registry;
  before(async () => {
    registry = await serve();
  });
  after(() => registry.close());

  async function arrives(journey, way) {
    const { install, answer, printed } = await walk(journey, { registry, way });
    assert.ok(install < answer);
    assert.match(printed, journey.prints ?? /^(\(node:\d+\) ExperimentalWarning.*\n\(Use .*\n)?$/);
  }

  for (const way of Object.keys(WAYS)) {
    it(`runs the README's first program: ${way}`, () => arrives(README, way));
  }

  for (const journey of SEEDS) {
    const { name, skip } = journey;
    it(`runs ${name}`, { skip }, () => arrives(journey));
  }

  it('can be timed', async () => {
    const args = [path.join(__dirname, 'newcomer.js'), 'express-claims'];
    const { stdout } = await succeed(process.execPath, args);
    const figures = (cache) =>
      new RegExp(`^seeds/express-claims\\.mts +${cache}( +\\d+\\.\\d\\d s){2}$`, 'm');
    assert.match(stdout, figures('cold'));
    assert.match(stdout, figures('warm'));
  });

  it('has every program of the documentation', () => {
    const types = path.join(ROOT, '__test__', 'types');
    const files = ['seeds', 'augmented'].flatMap((folder) =>
      fs.readdirSync(path.join(types, folder)).map((file) => `${folder}/${file}`),
    );
    assert.deepEqual(SEEDS.map(({ name }) => name).sort(), files.sort());
  });
});
