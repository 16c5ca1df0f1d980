'use strict';

// The primary process: requests to all workers, before, while and after one of them is killed.

const cluster = require('node:cluster');
const { once } = require('node:events');
const http = require('node:http');
const path = require('node:path');

module.exports = async ({ input, say }) => {
  // In its turn: the system's own way gives most requests to one worker.
  cluster.schedulingPolicy = cluster.SCHED_RR;
  cluster.setupPrimary({ exec: path.join(__dirname, 'cluster-worker.js'), execArgv: [] });
  const env = { CLIENT_OPTIONS: JSON.stringify(input.options) };
  const fork = async () => {
    const worker = cluster.fork(env);
    const [address] = await once(worker, 'listening');
    return { worker, port: address.port };
  };
  const forked = await Promise.all(Array.from({ length: input.workers }, fork));
  const [{ port }] = forked;
  const ask = (token, patience) =>
    new Promise((resolve) => {
      const headers = { authorization: `Bearer ${token}` };
      const request = http.get({ host: '127.0.0.1', port, headers, agent: false }, (response) => {
        let body = '';
        response.on('data', (chunk) => {
          body += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode, ...JSON.parse(body) }));
        response.on('error', () => resolve({ status: 0 }));
      });
      request.on('error', () => resolve({ status: 0 }));
      // Node.js itself forgets a connection that was on its way to a worker that is no more.
      request.setTimeout(patience, () => request.destroy(new Error('no answer')));
    });
  const all = (count, patience = 20_000) =>
    Promise.all(
      Array.from({ length: count }, async (_, i) => {
        const good = i % 2 === 0;
        const { status, pid } = await ask(good ? input.token : input.expired, patience);
        return { status, pid, expected: good ? 200 : 401 };
      }),
    );

  const first = await all(200);
  say({ wrong: first.filter(({ status, expected }) => status !== expected) });
  say(new Set(first.map(({ pid }) => pid).filter(Boolean)).size);

  // Killed under load: what it had in hand is lost, and nothing else.
  const { worker: victim } = forked.pop();
  const gone = once(victim, 'exit');
  const amid = all(200, 4000);
  victim.process.kill('SIGKILL');
  await gone;
  forked.push(await fork());
  const answered = (await amid).filter(({ status }) => status !== 0);
  say({ wrong: answered.filter(({ status, expected }) => status !== expected) });
  say(answered.length > 100);

  const second = await all(200);
  say({ wrong: second.filter(({ status, expected }) => status !== expected) });
  const exits = forked.map(({ worker }) => once(worker, 'exit'));
  await new Promise((resolve) => cluster.disconnect(resolve));
  say(await Promise.all(exits));
};
