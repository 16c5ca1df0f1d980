'use strict';

// The steps of .github/workflows/release.yml. Each can be run by hand:
//
//   node tools/release.js verify [TAG]          checks that tag, versions and changelog agree
//   node tools/release.js stage FROM TO         packs the addons of all platforms, found below FROM
//   node tools/release.js sboms TO              writes the SBOM of each addon
//   node tools/release.js publish FROM [--dry-run]
//   node tools/release.js notes                 prints the changelog's section of this version
//
// GITHUB_REPOSITORY (owner/name) goes into the manifests: npm checks it against the provenance.

const { createHash } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { npm } = require('./npm');
const { addonName, checkPlatforms, platforms, tarballName } = require('./platforms');
const { checkVersions } = require('./version');

const ROOT = path.join(__dirname, '..');
const manifest = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8'));

/** The addons first: without them the main package cannot be used. */
const PUBLISHED = [
  ...platforms(manifest).map(({ name }) => `${manifest.name}-${name}`),
  manifest.name,
];

/** The changelog's section of a version. */
function notes(version = manifest.version) {
  const text = fs.readFileSync(path.join(ROOT, 'CHANGELOG.md'), 'utf8');
  const sections = text.split(/^(?=## )/m);
  const section = sections.find((known) => known.startsWith(`## [${version}] - `));
  return section?.replace(/^.*\n+/, '').trim();
}

function verify(tag) {
  const problems = [...checkVersions(), ...checkPlatforms()];
  if (tag !== undefined) {
    const expected = `v${manifest.version}`;
    if (tag !== expected) problems.push(`the tag is ${tag}, and package.json says ${expected}`);
    if (!notes())
      problems.push(`CHANGELOG.md has no section for ${manifest.version} (npm run bump)`);
  }
  return problems;
}

function repository() {
  const name = process.env.GITHUB_REPOSITORY;
  if (!name) return {};
  if (!/^[\w.-]+\/[\w.-]+$/.test(name)) throw new Error(`GITHUB_REPOSITORY is "${name}"`);
  return {
    repository: { type: 'git', url: `git+https://github.com/${name}.git` },
    homepage: `https://github.com/${name}#readme`,
    bugs: `https://github.com/${name}/issues`,
  };
}

/** @param {string} from with a directory for each platform, or fewer if `partial` */
function stage(from, to, { partial }) {
  // Loaded here, because `publish` runs without node_modules.
  const { packPlatform, packRoot, report } = require('./pack');
  const addons = platforms(manifest).map(({ name }) => find(from, addonName(name)));
  const there = addons.filter(Boolean);
  if (there.length === 0 || (there.length < addons.length && !partial)) {
    throw new Error(`${from} has ${there.length} of ${addons.length} addons`);
  }
  const loaders = new Set(there.map((addon) => fs.readFileSync(beside(addon), 'utf8')));
  if (loaders.size > 1) throw new Error('the loaders made with the addons differ');
  const amend = repository();
  const made = there.map((addon) => packPlatform({ out: to, addon, amend, release: true }));
  report({ packages: [packRoot({ out: to, addon: there[0], amend }), ...made] });
}

const beside = (addon) => path.join(path.dirname(addon), 'binding.js');

/** The addon of that name with a loader beside it, which the unstripped one in debug/ has not. */
function find(directory, name) {
  const all = fs.readdirSync(directory, { recursive: true, encoding: 'utf8' });
  return all
    .filter((file) => path.basename(file) === name)
    .map((file) => path.join(directory, file))
    .find((file) => fs.existsSync(beside(file)));
}

function sboms(to) {
  const { sbom } = require('./sbom');
  fs.mkdirSync(to, { recursive: true });
  for (const { name, target } of platforms(manifest)) {
    const file = path.join(to, `sbom-${name}.cdx.json`);
    fs.writeFileSync(file, `${JSON.stringify(sbom(target), null, 2)}\n`);
  }
}

/** The digest of the published package of this version, if there is one. */
function published(name) {
  try {
    return JSON.parse(npm(['view', `${name}@${manifest.version}`, 'dist.integrity', '--json']));
  } catch (error) {
    if (/E404|code E404|ETARGET/.test(error.message)) return undefined;
    throw error;
  }
}

function publish(from, { dryRun }) {
  for (const name of PUBLISHED) {
    const file = path.resolve(from, tarballName(name, manifest.version));
    const digest = createHash('sha512').update(fs.readFileSync(file)).digest('base64');
    const known = published(name);
    // A second run continues where the first one stopped.
    if (known === `sha512-${digest}`) {
      console.log(`${name}: is there already`);
      continue;
    }
    if (known) throw new Error(`${name}@${manifest.version} is there already, and it is another`);
    const tag = manifest.version.includes('-') ? 'next' : 'latest';
    const how = dryRun ? ['--dry-run', '--provenance=false'] : ['--provenance'];
    npm(['publish', file, '--access', 'public', '--tag', tag, '--ignore-scripts', ...how]);
    console.log(`${name}: ${dryRun ? 'would be' : 'is'} published as ${tag}`);
  }
}

function main(args) {
  const { positionals, values } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      'dry-run': { type: 'boolean', default: false },
      partial: { type: 'boolean', default: false },
    },
  });
  const [command, ...rest] = positionals;
  const dryRun = values['dry-run'];
  const commands = {
    verify: ([tag]) => {
      const problems = verify(tag);
      if (problems.length > 0) throw new Error(problems.join('\n'));
    },
    stage: ([from, to]) => stage(from, to, values),
    sboms: ([to]) => sboms(to),
    publish: ([from]) => publish(from, { dryRun }),
    notes: () => console.log(notes() ?? ''),
  };
  const work = Object.hasOwn(commands, command ?? '') ? commands[command] : undefined;
  if (!work) throw new Error(`"${command}" is none of ${Object.keys(commands).join(', ')}`);
  work(rest);
}

module.exports = { PUBLISHED, notes, verify };

if (require.main === module) {
  try {
    main(process.argv.slice(2));
  } catch (error) {
    console.error(`release: ${error.message}`);
    process.exitCode = 1;
  }
}
