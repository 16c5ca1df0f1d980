'use strict';

// node tools/supply.js: the rules for dependencies that cargo-deny does not know. Part of `npm run ready`,
// beside cargo-deny with deny.toml. Needs no network.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const ROOT = path.join(__dirname, '..');
const read = (file) => fs.readFileSync(path.join(ROOT, file), 'utf8');

/** Licences of what npm installs for tests and tools. Whoever installs the package gets none of it. */
const LICENCES = new Set([
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'ISC',
  'MIT',
  'MIT OR Apache-2.0',
  'MPL-2.0',
  'PSF-2.0',
  'Python-2.0',
]);

/** Development dependencies that no file names, and why they are there. */
const UNNAMED = new Map([
  ['@napi-rs/cli', 'the command "napi" of the scripts'],
  ['@nestjs/platform-express', 'loaded by Nest where no other platform is named'],
  ['rxjs', 'loaded by Nest'],
  ['zod', 'loaded by the MCP SDK'],
]);

function checkFeatures() {
  const metadata = ['metadata', '--no-deps', '--offline', '--format-version', '1'];
  const { packages } = JSON.parse(execFileSync('cargo', metadata, { cwd: ROOT }));
  return packages[0].dependencies
    .filter((dependency) => dependency.uses_default_features)
    .map(({ name }) => `Cargo.toml: ${name} has its default features; name those that are used`);
}

function checkLicences({ packages }) {
  return Object.entries(packages)
    .filter(([, { license }]) => license !== undefined && !LICENCES.has(license))
    .map(([place, { license, version }]) => `${place} ${version} has the licence ${license}`);
}

function checkUse({ devDependencies }) {
  const text = ownFiles().map(read).join('\n');
  const isNamed = (name) =>
    [`'${name}'`, `'${name}/`, `"${name}"`, `"${name}/`].some((quoted) => text.includes(quoted));
  return Object.keys(devDependencies)
    .filter((name) => !UNNAMED.has(name) && !isNamed(name) && !isNamed(name.replace('@types/', '')))
    .map((name) => `package.json: nothing uses the development dependency ${name}`);
}

/** The committed sources and pages, without manifests, which also name unused packages. */
function ownFiles() {
  const files = execFileSync('git', ['ls-files'], { cwd: ROOT, encoding: 'utf8' }).split('\n');
  return files.filter(
    (file) =>
      /\.([cm]?[jt]s(on)?|md)$/.test(file) &&
      !/package(-lock)?\.json$/.test(file) &&
      fs.existsSync(path.join(ROOT, file)),
  );
}

function checkSupply() {
  return [
    ...checkFeatures(),
    ...checkLicences(JSON.parse(read('package-lock.json'))),
    ...checkUse(JSON.parse(read('package.json'))),
  ];
}

module.exports = { checkSupply };

if (require.main === module) {
  const problems = checkSupply();
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
