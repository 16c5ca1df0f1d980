'use strict';

// A newcomer installs the package in an empty folder, pastes a program, and sends requests: README.md's
// first program, and each of the vendor's documentation, unchanged. `npm run newcomer` prints how long
// each took.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const { WAYS, install, packagesOf, walk } = require('./journey.js');
const { README, SEEDS } = require('./journeys.js');
const { ROOT, remove, serve } = require('./support.js');

// Two at a time: half of each is waiting.
describe('a newcomer', { concurrency: 2 }, () => {
  // The README's program has what it needs and nothing else; the vendor's programs share one installation.
  const shared = [...new Set(SEEDS.flatMap((journey) => packagesOf(journey)))];
  const projects = new Map();
  let registry;
  before(async () => {
    registry = await serve();
  });
  after(async () => {
    for (const project of projects.values()) remove(await project);
    await registry.close();
  });

  async function arrives(journey, way) {
    const packages = journey === README ? packagesOf(journey, way) : shared;
    const name = packages.join(' ');
    if (!projects.has(name)) projects.set(name, install(packages, { registry }));
    const { printed } = await walk(journey, await projects.get(name), way);
    assert.match(printed, journey.prints ?? /^(\(node:\d+\) ExperimentalWarning.*\n\(Use .*\n)?$/);
  }

  for (const way of Object.keys(WAYS)) {
    it(`runs the README's first program: ${way}`, () => arrives(README, way));
  }

  for (const journey of SEEDS) {
    const { name, skip } = journey;
    it(`runs ${name}`, { skip }, () => arrives(journey));
  }

  it('has every program of the documentation', () => {
    const types = path.join(ROOT, '__test__', 'types');
    const files = ['seeds', 'augmented'].flatMap((folder) =>
      fs.readdirSync(path.join(types, folder)).map((file) => `${folder}/${file}`),
    );
    assert.deepEqual(SEEDS.map(({ name }) => name).sort(), files.sort());
  });
});
