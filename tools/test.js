'use strict';

// npm test: sets up what is missing, then runs the core's tests (cargo) and the others (node --test). The tests of the
// published package, a quarter of the time, run only where they are named: they install the tarballs in many ways.
//
//   npm test                      the core, and the package as it is here
//   npm test -- package types     the tarballs, and the declarations in several versions of TypeScript
//   npm test -- --rust            the core only
//   npm test -- --js              node --test only
//   npm test -- introspection     the files of __test__ with that in their path
//   npm test -- --test-name-pattern=nbf    other flags go to node --test

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..');
// A hanging test must not use up the whole time limit of CI.
const LIMIT_MS = 20 * 60 * 1000;
/** Directories of __test__ whose tests run where they are named, and in `npm run ready`. */
const PUBLISHED = ['package', 'types'];

/** Every test file, sorted. Listed here because Node.js 18, 20 and 22 differ in their globs. */
function listTests(directory = path.join(root, '__test__')) {
  const files = fs
    .readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.js') && !file.includes('node_modules'));
  return files.map((file) => path.join(directory, file)).sort();
}

function run(command, args, options) {
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    timeout: LIMIT_MS,
    ...options,
  });
  if (result.error) {
    console.error(`${command}: ${result.error.message}`);
  }
  return result.status ?? 1;
}

/**
 * The profile, features and target of `npm run build`, so that cargo reuses what it compiled. The target is
 * named because napi always names one, and cargo has a directory for each named target.
 */
function cargoFlags() {
  const { stdout } = spawnSync('rustc', ['--version', '--verbose'], {
    cwd: root,
    encoding: 'utf8',
  });
  const host = /^host: (\S+)$/m.exec(stdout ?? '')?.[1];
  const build = ['--profile', 'fast', '--features', 'panic-injection'];
  return [...build, ...(host ? ['--target', host] : [])];
}

/** The tests of the core. */
function runRust() {
  return run('cargo', ['test', ...cargoFlags(), '--lib', '--tests']);
}

/** Node.js 18 has no `--test-concurrency`; it runs one file less than there are cores at a time. */
function isNode18(node) {
  const { stdout } = spawnSync(node, ['--version'], { encoding: 'utf8' });
  return /^v18\./.test(stdout ?? '');
}

/**
 * Runs the JavaScript tests.
 * @param {string[]} args flags for `node --test`, and parts of the paths of the files to run
 * @param {{ node?: string, env?: object }} [with_] another Node.js to run the tests with
 */
function runNode(args, { node = process.execPath, env } = {}) {
  const flags = args.filter((arg) => arg.startsWith('-'));
  const wanted = args.filter((arg) => !arg.startsWith('-')).map((arg) => path.normalize(arg));
  const isWanted = (file) => {
    const [, directory] = file.split(path.sep);
    return wanted.length === 0
      ? !PUBLISHED.includes(directory)
      : wanted.some((part) => file.includes(part));
  };
  const files = listTests().filter((file) => isWanted(path.relative(root, file)));
  if (files.length === 0) {
    console.error(`No test file under __test__ has ${wanted.join(' or ')} in its path.`);
    return 1;
  }
  if (!flags.some((flag) => flag.startsWith('--test-reporter'))) {
    flags.push('--test-reporter=spec');
  }
  if (!flags.some((flag) => flag.startsWith('--test-concurrency')) && !isNode18(node)) {
    // Tests mostly wait, so a core can run more than one.
    flags.push('--test-concurrency=3');
  }
  return run(node, ['--test', ...flags, ...files], { env: { ...process.env, ...env } });
}

async function main(args) {
  await require('./prepare').prepare();
  const rest = args.filter((arg) => arg !== '--rust' && arg !== '--js');
  const rustOnly = args.includes('--rust');
  // Paths and flags are for the JavaScript tests.
  const nodeOnly = args.includes('--js') || (rest.length > 0 && !rustOnly);
  const status = nodeOnly ? 0 : runRust();
  return status !== 0 || rustOnly ? status : runNode(rest);
}

module.exports = { PUBLISHED, cargoFlags, listTests, runNode };

if (require.main === module) {
  main(process.argv.slice(2)).then(
    (status) => {
      process.exitCode = status;
    },
    (error) => {
      console.error(error);
      process.exitCode = 1;
    },
  );
}
