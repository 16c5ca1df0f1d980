'use strict';

// node tools/supply.js: what this package stands on, held to rules. Part of `npm run ready`; takes a
// second and no network. deny.toml has the lists, and cargo-deny, which takes minutes to compile,
// checks them once more for a release, with the advisories.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { isDeepStrictEqual } = require('node:util');
const { ROOT, alternatives, crates, manifest } = require('./crates');

const read = (file) => fs.readFileSync(path.join(ROOT, file), 'utf8');

const CRATES_IO = 'registry+https://github.com/rust-lang/crates.io-index';

/** What only tests and tools use may also have these licences: nobody who installs us gets it. */
const OF_TOOLS = ['BSD-2-Clause', 'BlueOak-1.0.0', 'PSF-2.0'];

/** Development dependencies that no file names, and why they are there. */
const UNNAMED = new Map([['@napi-rs/cli', 'the command "napi" of the scripts']]);

/** The lists of deny.toml: its licences, and `name@version` of each duplicate that is known. */
function denied(text = read('deny.toml')) {
  const block = (name) => new RegExp(`^${name} = \\[\\n(.*?)^\\]`, 'ms').exec(text)?.[1] ?? '';
  const skipped = block('skip').matchAll(/crate = "([^"]+)", reason = "[^"]+"/g);
  return {
    licences: Array.from(block('allow').matchAll(/"([^"]+)"/g), ([, licence]) => licence),
    duplicates: Array.from(skipped, ([, crate]) => crate),
  };
}

/** Whether one of the ways in which something is licensed is allowed throughout. */
function isLicensed(expression, allowed) {
  return alternatives(expression).some((all) => all.every((licence) => allowed.has(licence)));
}

function checkLicences(packages, licences) {
  const used = new Set();
  const problems = [];
  for (const { name, version, license } of packages) {
    if (!license || !isLicensed(license, new Set(licences))) {
      problems.push(`${name} ${version} has the licence ${license}`);
    }
    for (const licence of alternatives(license ?? 'none').flat()) used.add(licence);
  }
  for (const licence of licences) {
    if (!used.has(licence)) problems.push(`no crate has the licence ${licence} of deny.toml`);
  }
  return problems;
}

/** No git repositories, no mirrors. */
function checkSources() {
  return ['Cargo.lock', 'fuzz/Cargo.lock'].flatMap((file) =>
    Array.from(read(file).matchAll(/^source = "(.*)"$/gm), ([, source]) => source)
      .filter((source) => source !== CRATES_IO)
      .map((source) => `${file}: ${source} is not crates.io`),
  );
}

/** Two versions of one crate are twice the code, and twice the advisories. */
function checkDuplicates(packages, known) {
  const versions = grouped(packages);
  const problems = [];
  const met = new Set();
  for (const [name, all] of versions) {
    const unexpected = all.filter(({ version }) => {
      const skip = known.find((k) => `${name}@${version}`.startsWith(`${k}.`));
      if (all.length > 1 && skip) met.add(skip);
      return !skip;
    });
    if (unexpected.length > 1) {
      const listed = all.map(({ version }) => version).join(' and ');
      problems.push(`${name} is there as ${listed}: say why in deny.toml, or use one`);
    }
  }
  for (const skip of known) {
    if (!met.has(skip)) problems.push(`deny.toml skips ${skip}, which is no duplicate any more`);
  }
  return problems;
}

function grouped(packages) {
  const groups = new Map();
  for (const entry of packages) groups.set(entry.name, [...(groups.get(entry.name) ?? []), entry]);
  return groups;
}

function checkFeatures({ dependencies }) {
  return dependencies
    .filter((dependency) => dependency.uses_default_features)
    .map(({ name }) => `Cargo.toml: ${name} has its default features; name those that are used`);
}

const platforms = () => fs.readdirSync(path.join(ROOT, 'npm'));

/** Whoever installs this package installs nothing else, and what builds it is used. */
function checkManifest(npm, lock) {
  const problems = [];
  for (const kind of ['dependencies', 'bundleDependencies']) {
    if (npm[kind] !== undefined) problems.push(`package.json: there must be no "${kind}"`);
  }
  for (const name of ['preinstall', 'install', 'postinstall', 'prepare']) {
    if (npm.scripts[name] !== undefined) problems.push(`package.json: no "${name}" script, please`);
  }
  // The addon is in these, and nothing else: each is this package in another form, of this version.
  const ours = Object.fromEntries(platforms().map((name) => [`${npm.name}-${name}`, npm.version]));
  if (!isDeepStrictEqual(npm.optionalDependencies, ours)) {
    problems.push(
      'package.json: "optionalDependencies" must be the packages in npm/, to the version',
    );
  }
  const allowed = new Set([...denied().licences, ...OF_TOOLS]);
  for (const [place, { license, version }] of Object.entries(lock.packages)) {
    // Those of other platforms are named by the lock file, and nothing is known of them.
    if (place && license !== undefined && !isLicensed(license, allowed)) {
      problems.push(`${place} ${version} has the licence ${license}`);
    }
  }
  const text = ownFiles()
    .map((file) => read(file))
    .join('\n');
  for (const name of Object.keys(npm.devDependencies)) {
    const typed = name.replace(/^@types\//, '');
    if (!UNNAMED.has(name) && ![name, typed].some((known) => isNamed(known, text))) {
      problems.push(`package.json: nothing uses the development dependency ${name}`);
    }
  }
  return problems;
}

function isNamed(name, text) {
  return [`'${name}'`, `'${name}/`, `"${name}"`, `"${name}/`].some((quoted) =>
    text.includes(quoted),
  );
}

/** What is in the repository, but for manifests: those name what is not used, too. */
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
  const [, ...others] = crates().values();
  const { licences, duplicates } = denied();
  return [
    ...checkLicences(others, licences),
    ...checkSources(),
    ...checkDuplicates(others, duplicates),
    ...checkFeatures(manifest()),
    ...checkManifest(JSON.parse(read('package.json')), JSON.parse(read('package-lock.json'))),
  ];
}

module.exports = { checkDuplicates, checkSupply, denied, isLicensed };

if (require.main === module) {
  const problems = checkSupply();
  for (const problem of problems) console.error(problem);
  if (problems.length === 0) console.log('supply: nothing but what is allowed');
  process.exitCode = problems.length === 0 ? 0 : 1;
}
