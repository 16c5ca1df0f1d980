'use strict';

// What a process holds, sampled through a soak and judged at its end.

const fs = require('node:fs');

const MIB = 2 ** 20;

function count(directory) {
  try {
    return fs.readdirSync(directory).length;
  } catch {
    // Only Linux tells.
    return 0;
  }
}

/** After what can go has gone: twice, as a finalizer's own garbage goes only with the next. */
async function sample() {
  for (let i = 0; i < 2; i += 1) {
    globalThis.gc();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { rss, heapUsed } = process.memoryUsage();
  return {
    rss: rss / MIB,
    heap: heapUsed / MIB,
    threads: count('/proc/self/task'),
    descriptors: count('/proc/self/fd'),
    // Those that keep the process from ending: timers, sockets, servers, requests.
    handles: process.getActiveResourcesInfo().length,
  };
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/**
 * Compares the last third of the samples with the third before it, both being after the warm-up, which
 * is the first third. Medians: one sample says where a collection happened to be.
 */
function judge(samples) {
  const third = Math.floor(samples.length / 3);
  const windows = [samples.slice(0, third), samples.slice(third, 2 * third), samples.slice(-third)];
  const names = Object.keys(samples[0]);
  return Object.fromEntries(
    names.map((name) => [name, windows.map((window) => median(window.map((each) => each[name])))]),
  );
}

module.exports = { judge, sample };
