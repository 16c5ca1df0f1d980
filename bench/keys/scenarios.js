'use strict';

// The scenarios, which run in real time.
//
// `rows`: the phases that are reported, with the title of each row. The first second is the phase `start`; it
// continues if a row names it, else `main` follows. `cacheSeconds`: how long keys are fresh, for contenders that
// have such an option, so that a minute stands for hours; by default, each has the duration of its
// documentation. `keys`: the keys that are published first, by default [0]; the last one signs.

const VALID_PER_SECOND = 20;
const FLOOD_PER_SECOND = 100;

/** @param {boolean} quick shorter scenarios, and fewer */
function describeScenarios(quick) {
  const pick = (full, short) => (quick ? short : full);

  // Seconds between rotations: more than jose's `cooldownDuration` and this package's limit for unknown keys,
  // which are half a minute. The scenario `twice` has a rotation just after a fetch.
  const BETWEEN_ROTATIONS = 31;

  const rotation = (kept) => async (world) => {
    for (let newest = 1; newest <= pick(2, 1); newest += 1) {
      await world.wait(BETWEEN_ROTATIONS);
      await world.publish(kept ? [newest - 1, newest] : [newest]);
      world.use(newest);
    }
    await world.wait(pick(8, 3));
  };
  const [slow, slowFrom] = [pick(9, 3), { slow: pick(9000, 3000) }];
  const [outage, coldOutage] = [pick(20, 15), pick(12, 8)];

  const scenarios = {
    quiet: {
      cacheSeconds: pick(10, 5),
      rows: { main: 'Quiet' },
      run: (world) => world.wait(pick(60, 30)),
    },
    kept: {
      rows: { main: 'A new key, used at once; the old one is kept' },
      run: rotation(true),
    },
    dropped: {
      rows: { main: 'A new key, used at once; the old one is dropped' },
      run: rotation(false),
    },
    twice: {
      rows: { main: 'Two new keys within a second' },
      async run(world) {
        await world.wait(BETWEEN_ROTATIONS);
        await world.publish([0, 1]);
        world.use(1);
        await world.wait(0.5);
        await world.publish([0, 1, 2]);
        world.use(2);
        await world.wait(pick(33, 3));
      },
    },
    flood: {
      cacheSeconds: pick(15, 5),
      rows: { main: `Flood: ${FLOOD_PER_SECOND} unknown keys a second` },
      async run(world) {
        world.flood(FLOOD_PER_SECOND);
        await world.wait(pick(31, 30));
      },
    },
    floodRotation: {
      rows: { rotated: 'A new key during such a flood' },
      async run(world) {
        world.flood(FLOOD_PER_SECOND);
        await world.wait(pick(5, 1));
        world.enter('rotated');
        await world.publish([0, 1]);
        world.use(1);
        await world.wait(pick(34, 20));
      },
    },
    outage: {
      cacheSeconds: pick(5, 2),
      rows: {
        down: `Tenant down for ${outage} s, keys at hand`,
        back: '… and back',
      },
      async run(world) {
        await world.wait(2);
        world.enter('down');
        await world.fault({ down: true });
        await world.wait(outage);
        await world.fault({});
        world.enter('back');
        await world.wait(pick(12, 8));
      },
    },
    coldOutage: {
      cacheSeconds: pick(5, 2),
      rows: {
        start: `Tenant down for the first ${coldOutage} s: no keys yet`,
        back: '… and back',
      },
      before: { down: true },
      async run(world) {
        await world.wait(coldOutage - 1);
        await world.fault({});
        world.enter('back');
        await world.wait(pick(24, 20));
      },
    },
    slow: {
      cacheSeconds: pick(60, 24),
      rows: { main: `JWKS takes ${slow} s, keys at hand` },
      async run(world) {
        await world.wait(1);
        await world.fault(slowFrom);
        await world.wait(pick(71, 32));
      },
    },
    coldSlow: {
      rows: { start: `JWKS takes ${slow} s, no keys yet`, main: '… and once they are there' },
      before: slowFrom,
      async run(world) {
        await world.wait(slow);
        world.enter('main');
        await world.wait(pick(10, 2));
      },
    },
    withdrawn: {
      cacheSeconds: pick(5, 2),
      keys: [0, 1],
      rows: {},
      async run(world) {
        await world.wait(1);
        world.enter('withdrawn');
        await world.publish([0]);
        await world.wait(pick(25, 7));
      },
    },
  };

  // The scenarios that run at the same time, as many as two processors can run.
  const stages = quick
    ? [['quiet', 'kept', 'outage', 'coldOutage', 'slow', 'flood']]
    : [
        ['quiet', 'kept', 'dropped', 'twice', 'slow'],
        ['outage', 'coldOutage', 'coldSlow', 'withdrawn'],
        ['flood'],
        ['floodRotation'],
      ];
  return { scenarios, stages };
}

module.exports = { VALID_PER_SECOND, describeScenarios };
