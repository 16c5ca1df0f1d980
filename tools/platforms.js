'use strict';

// node tools/platforms.js: writes npm/<platform>/package.json and README.md, one for each target in
// package.json. They are committed, so that a reviewer sees what is published. `napi create-npm-dirs` is not
// used: it omits `provenance`, and its descriptions do not say which platform a package is for.

const fs = require('node:fs');
const path = require('node:path');

const ROOT = path.join(__dirname, '..');
const read = (file, root = ROOT) => fs.readFileSync(path.join(root, file), 'utf8');
const manifest = (root) => JSON.parse(read('package.json', root));

const ARCHITECTURES = { x86_64: 'x64', aarch64: 'arm64' };
const SYSTEMS = {
  darwin: { os: 'darwin', title: 'macOS' },
  linux: { os: 'linux', title: 'Linux' },
  windows: { os: 'win32', title: 'Windows' },
};
const LIBCS = {
  gnu: { libc: 'glibc', title: ' with glibc 2.17 or later' },
  musl: { libc: 'musl', title: ' with musl, as Alpine has it' },
};

/** The published platforms: napi's name, Rust's target, and npm's `os`, `cpu` and `libc`. */
function platforms({ napi } = manifest()) {
  return napi.targets.map((target) => {
    const [architecture, , system, abi] = target.split('-');
    const cpu = ARCHITECTURES[architecture];
    const { os, title } = SYSTEMS[system];
    const { libc, title: libcTitle = '' } = LIBCS[abi] ?? {};
    const name = [os, cpu, abi].filter(Boolean).join('-');
    return { name, target, os, cpu, libc, title: `${title} ${cpu}${libcTitle}` };
  });
}

/** napi's name of this machine's platform. */
function thisPlatform() {
  const { arch, platform, report } = process;
  const abi = {
    linux: () => (report.getReport().header.glibcVersionRuntime ? 'gnu' : 'musl'),
    win32: () => 'msvc',
  }[platform]?.();
  return [platform, arch, abi].filter(Boolean).join('-');
}

const addonName = (platform, { napi } = manifest()) => `${napi.binaryName}.${platform}.node`;

/** The file name that `npm pack` chooses, such as `monocloud-backend-node-0.1.0.tgz`. */
const tarballName = (name, version) => `${name.replace('@', '').replace('/', '-')}-${version}.tgz`;

function platformManifest({ name, os, cpu, libc, title }, root = manifest()) {
  const addon = addonName(name, root);
  return {
    name: `${root.name}-${name}`,
    version: root.version,
    description: `The native addon of ${root.name} for ${title}.`,
    keywords: root.keywords,
    license: root.license,
    author: root.author,
    engines: root.engines,
    os: [os],
    cpu: [cpu],
    ...(libc && { libc: [libc] }),
    main: addon,
    files: [addon],
    // Yarn keeps packages in zip files, from which a shared library cannot be loaded.
    preferUnplugged: true,
    publishConfig: root.publishConfig,
  };
}

function platformReadme({ name, title }, root = manifest()) {
  return `# ${root.name}-${name}

The native addon of [${root.name}](https://www.npmjs.com/package/${root.name})
for ${title}.

There is nothing to do with it by itself. \`npm install ${root.name}\` installs it where
it fits.
`;
}

/** The expected text of each file, by path. */
function files(directory) {
  const root = manifest(directory);
  return new Map(
    platforms(root).flatMap((platform) => [
      [
        `npm/${platform.name}/package.json`,
        `${JSON.stringify(platformManifest(platform, root), null, 2)}\n`,
      ],
      [`npm/${platform.name}/README.md`, platformReadme(platform, root)],
    ]),
  );
}

function checkPlatforms() {
  const there = fs.readdirSync(path.join(ROOT, 'npm'), { recursive: true, encoding: 'utf8' });
  const expected = files();
  const problems = [];
  for (const [file, text] of expected) {
    if (!fs.existsSync(path.join(ROOT, file))) problems.push(`${file} is missing`);
    else if (read(file) !== text) problems.push(`${file} is not what tools/platforms.js writes`);
  }
  for (const file of there.map((name) => path.posix.join('npm', name.replaceAll('\\', '/')))) {
    const wanted = expected.has(file) || fs.statSync(path.join(ROOT, file)).isDirectory();
    if (!wanted) problems.push(`${file} does not belong there`);
  }
  return problems;
}

function writePlatforms(directory = ROOT) {
  for (const [file, text] of files(directory)) {
    fs.mkdirSync(path.dirname(path.join(directory, file)), { recursive: true });
    fs.writeFileSync(path.join(directory, file), text);
  }
}

module.exports = {
  addonName,
  checkPlatforms,
  platforms,
  tarballName,
  thisPlatform,
  writePlatforms,
};

if (require.main === module) writePlatforms();
