'use strict';

// Samples memory, descriptors and handles during a soak, and judges them at its end.

const fs = require('node:fs');

const MIB = 2 ** 20;

function count(directory) {
  try {
    return fs.readdirSync(directory).length;
  } catch {
    // Only on Linux.
    return 0;
  }
}

/** Collects garbage first: twice, because finalizers leave garbage for the second collection. */
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
    // Timers, sockets, servers and requests that keep the process running.
    handles: process.getActiveResourcesInfo().length,
  };
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/**
 * Compares the medians of the last and the second third of the samples; the first third is the warm-up. A single
 * sample depends on when garbage was collected last.
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
