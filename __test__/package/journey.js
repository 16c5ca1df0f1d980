'use strict';

// A newcomer's way: an empty folder, `npm install`, a program pasted as it is, and requests. Used by the
// tests beside it, and by `npm run newcomer`, which prints how long it took.

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { performance } = require('node:perf_hooks');
const { commandOf, download, nodeOf } = require('../../tools/downloads.js');
const { send, withServer } = require('../support/programs.js');
const {
  PACKAGE,
  createProject,
  environment,
  npm,
  programOf,
  remove,
  succeed,
} = require('./support.js');

/** How a program in TypeScript comes to run: its text, or what becomes of it, and by which Node.js. */
const WAYS = {
  'types stripped by Node.js 22': {
    prepare: (_project, text) => ({ file: 'server.mts', text, node: nodeOf('22') }),
  },
  'JavaScript, Node.js 18': {
    prepare: (_project, text) => ({
      file: 'server.mjs',
      text: withoutTypes(text),
      node: nodeOf('18'),
    }),
  },
  'compiled by tsc': {
    packages: ['@types/node@20', '@types/express@5'],
    async prepare(project, text) {
      fs.writeFileSync(path.join(project, 'server.mts'), text);
      const tsc = commandOf(download('typescript-latest'), 'typescript', 'tsc');
      const flags = ['--module', 'nodenext', '--target', 'es2022', '--types', 'node', '--strict'];
      await succeed(process.execPath, [tsc, ...flags, 'server.mts'], { cwd: project });
      return { file: 'server.mjs', node: process.execPath };
    },
  },
};
const FIRST_WAY = Object.keys(WAYS)[0];

/** What a reader who does not write TypeScript leaves out. */
function withoutTypes(text) {
  const script = `
    const { stripTypeScriptTypes } = require('node:module');
    process.stdout.write(stripTypeScriptTypes(require('node:fs').readFileSync(0, 'utf8')));`;
  return execFileSync(nodeOf('22'), ['--no-warnings', '-e', script], {
    input: text,
    encoding: 'utf8',
  });
}

/**
 * Installs this package and others in a project of its own.
 * @param {string[]} packages
 * @param {object} how
 * @param {{ npmrc: string }} how.registry
 * @param {string} [how.cache] npm's
 * @returns {Promise<string>} the project; several journeys can use it
 */
async function install(packages, { registry, cache }) {
  const project = createProject(registry, { 'preload.cjs': programOf('preload.cjs') });
  await npm(['install', PACKAGE, ...packages], {
    cwd: project,
    env: cache ? { npm_config_cache: cache } : {},
  });
  return project;
}

/** What a journey needs besides this package. */
const packagesOf = ({ packages }, way = FIRST_WAY) => [...packages, ...(WAYS[way].packages ?? [])];

/**
 * Walks it once, and throws where an answer is not the expected one.
 * @param {object} journey
 * @param {string} journey.text the program
 * @param {string[]} journey.packages what else to install, as for npm
 * @param {Function} journey.settle given the project: the tenant, as
 *   `{ env, files, request(what), close() }`
 * @param {object[]} journey.requests `{ to, token, …, status, json }`
 * @param {string} installed the project of {@link install}
 * @param {string} [way] one of WAYS
 * @returns {Promise<{ answer: number, printed: string }>} `answer`: milliseconds to the first 200
 */
async function walk(journey, installed, way = FIRST_WAY) {
  const project = fs.mkdtempSync(path.join(os.tmpdir(), 'monocloud-journey-'));
  for (const name of ['package.json', 'preload.cjs']) {
    fs.copyFileSync(path.join(installed, name), path.join(project, name));
  }
  const modules = path.join(installed, 'node_modules');
  fs.symlinkSync(modules, path.join(project, 'node_modules'), 'junction');
  let world;
  try {
    const begun = performance.now();
    const program = await WAYS[way].prepare(project, journey.text);
    if (program.text) fs.writeFileSync(path.join(project, program.file), program.text);
    // The tenant is somebody else's, and there already: it takes nothing of the newcomer's time.
    const paused = performance.now();
    world = await journey.settle(project);
    for (const [name, text] of Object.entries(world.files ?? {})) {
      fs.writeFileSync(path.join(project, name), text);
    }
    const settled = performance.now() - paused;

    let answer;
    let printed;
    const use = async (port, print) => {
      printed = print;
      for (const expected of journey.requests) {
        const { path: to, ...request } = await world.request(expected);
        const scheme = request.identity ? 'https' : 'http';
        const { status, text } = await send(`${scheme}://localhost:${port}${to}`, request);
        if (status === 200) answer ??= performance.now() - begun - settled;
        const what = `${request.method} ${to}, ${JSON.stringify(expected.token)}: ${text}`;
        assert.equal(status, expected.status, what);
        if (expected.json) assert.deepEqual(JSON.parse(text), expected.json, what);
      }
      await world.check?.();
    };
    await withServer(path.join(project, program.file), project, {}, use, {
      isolated: environment(world.env),
      node: program.node,
      preload: path.join(project, 'preload.cjs'),
    });
    return { answer, printed: printed() };
  } finally {
    await world?.close();
    remove(project);
  }
}

module.exports = { WAYS, install, packagesOf, walk };
