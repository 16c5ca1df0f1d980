'use strict';

// npm run docs:api: writes docs/api from the declarations.
//
//   npm run docs:api -- --check     writes nothing, and says what is not as the declarations have it

const fs = require('node:fs');
const path = require('node:path');

const target = path.join(__dirname, '..', 'docs', 'api');

/** What is not as it would be written. Part of `npm run ready`. */
function checkReference() {
  const pages = wanted();
  const there = fs.existsSync(target) ? fs.readdirSync(target) : [];
  const problems = [];
  for (const [name, text] of pages) {
    const file = path.join(target, name);
    if (!there.includes(name)) problems.push(`docs/api/${name} is missing`);
    else if (fs.readFileSync(file, 'utf8') !== text)
      problems.push(`docs/api/${name} is out of date`);
  }
  for (const name of there) {
    if (!pages.has(name)) problems.push(`docs/api/${name} is of nothing that there is`);
  }
  return problems.map((problem) => `${problem}: run npm run docs:api`);
}

function write() {
  const pages = wanted();
  fs.rmSync(target, { recursive: true, force: true });
  fs.mkdirSync(target, { recursive: true });
  for (const [name, text] of pages) fs.writeFileSync(path.join(target, name), text);
}

/** Found when it is asked for: TypeScript takes a second to load, and `npm run ready` begins without it. */
function wanted() {
  return require('./api-pages.js').pages();
}

module.exports = { checkReference };

if (require.main === module) {
  if (process.argv.includes('--check')) {
    const problems = checkReference();
    for (const problem of problems) console.error(problem);
    process.exitCode = problems.length === 0 ? 0 : 1;
  } else {
    write();
  }
}
