'use strict';

// npm run sbom: lists the crates in an addon as CycloneDX 1.5 (https://cyclonedx.org/docs/1.5/json/). A
// release has one for each platform. The same sources give the same bytes: no timestamp, no random number.
// cargo-cyclonedx would also list build scripts, macros and what they need, none of which is in the addon.
//
//   npm run sbom                                          for this machine's platform, to stdout
//   npm run sbom -- --target aarch64-apple-darwin --output sbom.json

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');
const ROOT = path.join(__dirname, '..');
const read = (file) => fs.readFileSync(path.join(ROOT, file), 'utf8');

/** The SHA-256 of each crate's archive, by `name@version`. */
function checksums(lock = read('Cargo.lock')) {
  const entries = lock.matchAll(
    /^name = "(.+)"\nversion = "(.+)"\nsource = ".+"\nchecksum = "([0-9a-f]{64})"$/gm,
  );
  return new Map(Array.from(entries, ([, name, version, sum]) => [`${name}@${version}`, sum]));
}

function tree(target, ...flags) {
  // Without macros and build scripts: they run at build time and are not in the addon.
  const edges = ['--edges', 'normal,no-proc-macro'];
  const format = ['--prefix', 'depth', '--format', '|{p}|{l}'];
  const args = ['tree', '--locked', '--target', target, ...edges, ...format, ...flags];
  return spawnSync('cargo', args, { cwd: ROOT, encoding: 'utf8', maxBuffer: 1 << 28 });
}

/**
 * The crates in the addon, by `name@version`; this package is the first. From `cargo tree`, because
 * `cargo metadata` also names the dependencies of disabled features.
 */
function crates(target) {
  // Without the network if everything is downloaded, as after a build.
  let { status, stdout, stderr } = tree(target, '--offline');
  if (status !== 0) ({ status, stdout, stderr } = tree(target));
  if (status !== 0) throw new Error(`cargo tree: ${stderr}`);
  const found = new Map();
  const above = [];
  for (const line of stdout.split('\n').filter(Boolean)) {
    const [, depth, name, version, license] = /^(\d+)\|(\S+) v(\S+).*?\|(.*?)(?: \(\*\))?$/.exec(
      line,
    );
    const key = `${name}@${version}`;
    if (!found.has(key)) found.set(key, { name, version, license, dependencies: new Set() });
    above[Number(depth)] = key;
    if (Number(depth) > 0) found.get(above[Number(depth) - 1]).dependencies.add(key);
  }
  return found;
}

/** The document, as an object. */
function sbom(target) {
  const [own, ...others] = crates(target).values();
  const sums = checksums();
  const { name, version, license } = JSON.parse(read('package.json'));
  // `%40`: an npm scope's @ is escaped (https://github.com/package-url/purl-spec).
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  const ref = (key) => `pkg:cargo/${key}`;
  const sorted = (keys) => Array.from(keys).sort();
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: {
      component: {
        type: 'library',
        'bom-ref': purl,
        name,
        version,
        licenses: [{ expression: license }],
        purl,
        properties: [{ name: 'target', value: target }],
      },
    },
    components: others
      .map((crate) => {
        const key = `${crate.name}@${crate.version}`;
        return {
          type: 'library',
          'bom-ref': ref(key),
          name: crate.name,
          version: crate.version,
          hashes: [{ alg: 'SHA-256', content: sums.get(key) }],
          licenses: [{ expression: crate.license.replaceAll('/', ' OR ') }],
          purl: ref(key),
        };
      })
      .sort((a, b) => (a.purl < b.purl ? -1 : 1)),
    dependencies: [
      { ref: purl, dependsOn: sorted(own.dependencies).map(ref) },
      ...others
        .map((crate) => ({
          ref: ref(`${crate.name}@${crate.version}`),
          dependsOn: sorted(crate.dependencies).map(ref),
        }))
        .sort((a, b) => (a.ref < b.ref ? -1 : 1)),
    ],
  };
}

function host() {
  const { stdout } = spawnSync('rustc', ['--version', '--verbose'], { encoding: 'utf8' });
  return /^host: (\S+)$/m.exec(stdout ?? '')?.[1];
}

module.exports = { host, sbom };

if (require.main === module) {
  const { values } = parseArgs({
    options: { target: { type: 'string' }, output: { type: 'string' } },
  });
  const text = `${JSON.stringify(sbom(values.target ?? host()), null, 2)}\n`;
  if (values.output) fs.writeFileSync(values.output, text);
  else process.stdout.write(text);
}
