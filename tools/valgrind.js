'use strict';

// npm run valgrind: runs the core's tests under valgrind's memcheck. It fails on an invalid read or write, a
// branch on uninitialized memory, or a definite leak.
//
//   npm run valgrind -- wycheproof      only the test programs with that in their name

const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { cargoFlags } = require('./test');

const ROOT = path.join(__dirname, '..');
// Under valgrind everything takes thirty times as long: the corpus would take hours.
const LEFT_OUT = new Set(['fuzz_corpus']);
// Modules of `core`: `living_keys` checks times, `seen_before` takes too long, and `work` counts allocations with an
// allocator of its own.
const SKIPPED = ['living_keys', 'seen_before', 'work'];
// One test at a time: valgrind runs one thread at a time, and a request that waits for its turn is late.
const TEST_FLAGS = ['--test-threads=1', ...SKIPPED.flatMap((name) => ['--skip', `${name}::`])];

function testPrograms() {
  const args = ['test', ...cargoFlags(), '--lib', '--tests', '--no-run', '--message-format=json'];
  const { stdout, status } = spawnSync('cargo', args, {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new Error('the tests do not build');
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
    .filter(({ executable, profile }) => executable && profile?.test)
    .map(({ executable, target }) => ({ executable, name: target.name }));
}

function main(wanted) {
  const programs = testPrograms().filter(({ name }) =>
    wanted.length > 0 ? wanted.some((part) => name.includes(part)) : !LEFT_OUT.has(name),
  );
  for (const { executable, name } of programs) {
    console.log(`\n▶ ${name}`);
    const flags = ['--quiet', '--error-exitcode=99', '--leak-check=full'];
    const leaks = ['--errors-for-leak-kinds=definite', '--show-leak-kinds=definite'];
    const { status, error } = spawnSync(
      'valgrind',
      [...flags, ...leaks, executable, ...TEST_FLAGS],
      {
        cwd: ROOT,
        stdio: ['ignore', 'inherit', 'inherit'],
      },
    );
    if (error) throw new Error(`valgrind: ${error.code}; apt-get install valgrind`);
    if (status !== 0) return status === 99 ? 'valgrind has found something' : 'a test has failed';
  }
  return undefined;
}

try {
  const problem = main(process.argv.slice(2));
  console.log(problem ?? '\nvalgrind: nothing');
  process.exitCode = problem ? 1 : 0;
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
