'use strict';

// npm run bump -- 0.2.0: sets the version in every file that has it, and turns the changelog's "Unreleased" into
// that version's section. Commit the result; a tag `v0.2.0` on the commit publishes it. `napi version` is not
// used: it changes npm/*/package.json only.

const fs = require('node:fs');
const path = require('node:path');
const { platforms, writePlatforms } = require('./platforms');

const ROOT = path.join(__dirname, '..');
const CRATE = 'monocloud-backend-node';

/** Semantic Versioning 2.0.0, without build metadata, which npm drops. */
const VERSION = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$/;

const IN_MANIFEST = /^(\[package\]\n(?:.+\n)*?version = ")([^"]+)(")/m;
const IN_LOCK = new RegExp(`^(name = "${CRATE}"\\nversion = ")([^"]+)(")`, 'm');
const IN_SCRIPT = /^(module\.exports = ')([^']+)(';)$/m;
const IN_TEXT = [
  ['js/version.js', IN_SCRIPT],
  ['Cargo.toml', IN_MANIFEST],
  ['Cargo.lock', IN_LOCK],
  ['fuzz/Cargo.lock', IN_LOCK],
  ['models/Cargo.lock', IN_LOCK],
];

function readers(root) {
  const read = (file) => fs.readFileSync(path.join(root, file), 'utf8');
  return { read, readJson: (file) => JSON.parse(read(file)) };
}

/** `[place, version]` of every place. All must equal the first. */
function versions(root = ROOT) {
  const { read, readJson } = readers(root);
  const manifest = readJson('package.json');
  const lock = readJson('package-lock.json');
  const names = platforms(manifest).map(({ name }) => name);
  return [
    ['package.json', manifest.version],
    ...IN_TEXT.map(([file, pattern]) => [file, pattern.exec(read(file))?.[2]]),
    ['package-lock.json', lock.version],
    ['package-lock.json, packages[""]', lock.packages[''].version],
    ...names.flatMap((name) => {
      const full = `${manifest.name}-${name}`;
      return [
        [`npm/${name}/package.json`, readJson(`npm/${name}/package.json`).version],
        [`package.json, ${full}`, manifest.optionalDependencies[full]],
        [`package-lock.json, ${full}`, lock.packages[''].optionalDependencies[full]],
        [`package-lock.json, node_modules/${full}`, lock.packages[`node_modules/${full}`]?.version],
      ];
    }),
  ];
}

function checkVersions(root = ROOT) {
  const [[, expected], ...others] = versions(root);
  return others
    .filter(([, version]) => version !== expected)
    .map(([place, version]) => `${place} says ${version}, and package.json ${expected}`);
}

function withVersion(manifest, version) {
  const pinned = Object.keys(manifest.optionalDependencies).map((name) => [name, version]);
  return { ...manifest, version, optionalDependencies: Object.fromEntries(pinned) };
}

function setVersion(version, { root = ROOT, today = new Date() } = {}) {
  if (!VERSION.test(version)) throw new Error(`"${version}" is no version, such as 1.2.3`);
  const { read, readJson } = readers(root);
  const write = (file, text) => fs.writeFileSync(path.join(root, file), text);
  const writeJson = (file, value) => write(file, `${JSON.stringify(value, null, 2)}\n`);

  const manifest = withVersion(readJson('package.json'), version);
  writeJson('package.json', manifest);
  const lock = readJson('package-lock.json');
  lock.version = version;
  lock.packages[''] = withVersion(lock.packages[''], version);
  for (const name of Object.keys(manifest.optionalDependencies)) {
    const entry = lock.packages[`node_modules/${name}`];
    // A digest would be that of the old version.
    if (entry) Object.assign(entry, { version, integrity: undefined });
  }
  writeJson('package-lock.json', lock);
  for (const [file, pattern] of IN_TEXT) {
    write(file, read(file).replace(pattern, `$1${version}$3`));
  }
  const date = today.toISOString().slice(0, 10);
  const heading = '## [Unreleased]\n';
  write(
    'CHANGELOG.md',
    read('CHANGELOG.md').replace(heading, `${heading}\n## [${version}] - ${date}\n`),
  );
  writePlatforms(root);
}

module.exports = { checkVersions, setVersion, versions };

if (require.main === module) {
  const [argument] = process.argv.slice(2);
  try {
    setVersion(argument);
    const problems = checkVersions();
    if (problems.length > 0) throw new Error(problems.join('\n'));
  } catch (error) {
    console.error(`bump: ${error.message}`);
    process.exitCode = 1;
  }
}
