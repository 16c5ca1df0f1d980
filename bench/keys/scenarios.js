'use strict';

// What happens to all contenders alike: stories told in real time.
//
// `rows` are the phases that are reported, each with what a row is called. The first second is a
// phase of its own, `start`, which goes on where a row says so; else `main` follows. `cacheSeconds`
// is how long keys are fresh, for all that can be told, so that hours fit into a minute; without it
// each has its documentation's durations. `keys` are those published at first, [0] unless it says
// otherwise; tokens are signed with the last of them.

const VALID_PER_SECOND = 20;
const FLOOD_PER_SECOND = 100;

/** @param {boolean} quick everything shorter, and less of it */
function tell(quick) {
  const pick = (full, short) => (quick ? short : full);

  // Nobody has fetched keys within half a minute before, which is as long as jose's `cooldownDuration`
  // and this package's budget for unknown keys; just after a fetch the story is that of `twice`.
  const APART = 31;

  const rotation = (kept) => async (world) => {
    for (let newest = 1; newest <= pick(2, 1); newest += 1) {
      await world.wait(APART);
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
        await world.wait(APART);
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

  // What runs at the same time, as far as two processors carry it.
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

module.exports = { VALID_PER_SECOND, tell };
