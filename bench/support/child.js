'use strict';

// A child process whose functions the parent calls by name.

const { fork } = require('node:child_process');
const { once } = require('node:events');

/** In the child: answers the parent's calls until the parent disconnects. */
function serve(functions) {
  process.on('message', async ({ id, name, args }) => {
    try {
      process.send({ id, value: await functions[name](...args) });
    } catch (error) {
      process.send({ id, error: error.stack });
    }
  });
  process.on('disconnect', () => process.exit());
}

/** In the parent: starts a script that calls `serve`. `core`: the core that it is pinned to, where possible. */
function start(script, { env, core, execArgv = [] } = {}) {
  const child =
    core === undefined
      ? fork(script, { env, execArgv })
      : fork(script, {
          env,
          execPath: 'taskset',
          execArgv: ['-c', String(core), process.execPath, ...execArgv],
        });
  const waiting = new Map();
  let last = 0;
  child.on('message', ({ id, value, error }) => {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (error) reject(new Error(`${script}: ${error}`));
    else resolve(value);
  });
  child.on('exit', (code) => {
    for (const { reject } of waiting.values()) reject(new Error(`${script} ended: ${code}`));
    waiting.clear();
  });
  return {
    call(name, ...args) {
      last += 1;
      const id = last;
      const answer = new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject });
      });
      child.send({ id, name, args });
      return answer;
    },
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.disconnect();
      await gone;
    },
  };
}

module.exports = { serve, start };
