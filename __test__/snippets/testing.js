'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');

const { isOld } = require('../support/snippets/common.js');
const { directoryOf } = require('../support/snippets/pages.js');
const { createProject } = require('../support/snippets/runners.js');

/** Runs a snippet by one of the runners that readers have, in a project with the package installed. */
const passesWith = (runner, name, flags = []) => ({
  skip: isOld && `${runner} asks for Node.js 20`,
  async check({ language, text }, { after }) {
    assert.equal(language, 'js');
    const { project, use } = await createProject(runner);
    after(() => fs.rmSync(project, { recursive: true, force: true }));
    const api = path.join(directoryOf('docs/testing.md'), 'api.js');
    fs.copyFileSync(api, path.join(project, 'api.js'));
    fs.writeFileSync(path.join(project, name), text);
    const { status, output } = await use(...flags);
    assert.equal(status, 0, output);
    assert.match(output, /Tests:? +[1-9]\d* passed/);
    assert.doesNotMatch(output, /failed|skipped/);
  },
});

module.exports = {
  page: 'docs/testing.md',
  snippets: {
    'The API under test': { usedBy: 'With node:test', file: 'api.js' },
    'With node:test': { test: true },
    'What a token can be': { test: true },
    'Opaque tokens': { test: true },
    'Keys and outages': { test: true },
    Certificates: { test: true },
    DPoP: { test: true },
    'The clock': { test: true },
    'Without tokens': { test: true, skip: isOld && 'Fastify 5 asks for Node.js 20' },
    Vitest: passesWith('vitest', 'api.test.js', ['run']),
    Jest: passesWith('jest', 'api.test.cjs', ['--testMatch', '**/*.test.cjs']),
  },
};
