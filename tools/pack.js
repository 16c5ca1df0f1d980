'use strict';

// npm run pack: the tarballs that are published, of the package and of one platform's addon.
//
//   npm run pack                                  this machine's addon, as js/ has it, into dist/
//   npm run pack -- --out DIR --addon FILE        another one; its name says for which platform
//   npm run pack -- --release                     builds it first, as it is published (dist/release)
//
// PACK_ADDON=FILE is the same as --addon, for tests that pack for themselves: `npm run ready` gives them
// the one that is published.
//
// tools/pack-contents.js checks the files: none too many, and every file that an import or a manifest names.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { buildRelease } = require('./build-release');
const { npm, run } = require('./npm');
const { checkContents } = require('./pack-contents');
const { addonName, platforms, thisPlatform } = require('./platforms');
const { checkSymbols } = require('./symbols');

const ROOT = path.join(__dirname, '..');
/** Not js/, which has the addon for tests. */
const RELEASE = path.join(ROOT, 'dist', 'release');
const readJson = (...names) => JSON.parse(fs.readFileSync(path.join(...names), 'utf8'));

/** Members of package.json that only building needs. */
const NOT_PUBLISHED = ['scripts', 'devDependencies', 'napi'];

/** Packs a directory with npm. Without `out` it only lists the files. */
function npmPack(directory, out) {
  const where = out === undefined ? ['--dry-run'] : ['--pack-destination', out];
  const [packed] = JSON.parse(
    npm(['pack', '--json', '--ignore-scripts', ...where], { cwd: directory }),
  );
  return {
    name: packed.name,
    files: packed.files.map((file) => file.path).sort(),
    packed: packed.size,
    unpacked: packed.unpackedSize,
    ...(out !== undefined && { file: path.join(out, packed.filename) }),
  };
}

/**
 * Copies the addon without debug information, which is three quarters of the file. The unstripped file and its
 * `.dwp` are released as `debug-<platform>`, to resolve addresses in crash reports; the build id, which both
 * files have, matches them.
 *
 * rust-objcopy comes with Rust and reads ELF and Mach-O of every platform. On Windows the linker writes debug
 * information into a separate `.pdb`.
 */
function strip(from, to) {
  const magic = Buffer.alloc(4);
  const fd = fs.openSync(from, 'r');
  fs.readSync(fd, magic, 0, 4, 0);
  fs.closeSync(fd);
  const isElf = magic.equals(Buffer.from('\x7fELF'));
  const isMachO = magic.readUInt32LE() === 0xfeedfacf;
  if (!isElf && !isMachO) {
    fs.copyFileSync(from, to);
    return;
  }
  if (isMachO && process.platform === 'darwin') {
    run('strip', ['-x', '-o', to, from]);
    // Stripping invalidates the linker's signature, and macOS on arm64 loads no file without a valid one.
    run('codesign', ['--force', '--sign', '-', to]);
    return;
  }
  const sysroot = run('rustc', ['--print', 'sysroot'], { cwd: ROOT }).trim();
  const host = /^host: (\S+)$/m.exec(run('rustc', ['-vV'], { cwd: ROOT }))[1];
  const objcopy = path.join(sysroot, 'lib', 'rustlib', host, 'bin', 'rust-objcopy');
  const libraries = path.join(sysroot, 'lib');
  run(objcopy, [isElf ? '--strip-unneeded' : '--discard-all', from, to], {
    env: { ...process.env, LD_LIBRARY_PATH: libraries, DYLD_FALLBACK_LIBRARY_PATH: libraries },
  });
}

/** Copies the package's files into `stage`, with the published package.json. */
function stageRoot(stage, addon, amend) {
  for (const file of npmPack(ROOT).files) {
    fs.mkdirSync(path.dirname(path.join(stage, file)), { recursive: true });
    fs.copyFileSync(path.join(ROOT, file), path.join(stage, file));
  }
  // The loader built with this addon: the one for tests also exports test functions.
  const loader = path.join(path.dirname(addon), 'binding.js');
  if (fs.existsSync(loader)) fs.copyFileSync(loader, path.join(stage, 'js', 'binding.js'));
  writeManifest(stage, amend);
}

function stagePlatform(stage, platform, addon, amend) {
  fs.cpSync(path.join(ROOT, 'npm', platform), stage, { recursive: true });
  fs.copyFileSync(path.join(ROOT, 'LICENSE'), path.join(stage, 'LICENSE'));
  const target = path.join(stage, addonName(platform));
  strip(addon, target);
  fs.chmodSync(target, 0o755);
  writeManifest(stage, amend);
}

function writeManifest(stage, amend) {
  const manifest = { ...readJson(stage, 'package.json'), ...amend };
  for (const name of NOT_PUBLISHED) delete manifest[name];
  fs.writeFileSync(path.join(stage, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}

/** The platform in an addon's name, as napi gives it. */
function platformOf(addon) {
  const found = platforms().find(({ name }) => path.basename(addon) === addonName(name));
  return found?.name ?? thisPlatform();
}

/** Checks an addon before it is published. */
function checkRelease(addon) {
  const { problems } = checkSymbols(addon);
  if (fs.readFileSync(addon).includes('injectPanic')) {
    problems.push(`${addon} was built for tests: npm run build:release`);
  }
  return problems;
}

const kept = (out) => {
  const to = path.resolve(out ?? path.join(ROOT, 'dist'));
  fs.mkdirSync(to, { recursive: true });
  return to;
};

/** Stages, packs and checks one tarball. */
function packed(out, prepare) {
  const stage = fs.mkdtempSync(path.join(os.tmpdir(), 'monocloud-pack-'));
  try {
    const more = prepare(stage);
    const made = { ...npmPack(stage, kept(out)), ...more };
    const problems = checkContents(stage, made.files);
    if (problems.length > 0) throw new Error(problems.join('\n'));
    return made;
  } finally {
    fs.rmSync(stage, { recursive: true, force: true });
  }
}

/** Packs the main package, with the loader built with that addon. */
function packRoot({ out, addon, amend }) {
  return packed(out, (stage) => stageRoot(stage, addon, amend));
}

/** Packs the platform package of an addon. */
function packPlatform({ out, addon, amend, release = false }) {
  const problems = release ? checkRelease(addon) : [];
  if (problems.length > 0) throw new Error(problems.join('\n'));
  const platform = platformOf(addon);
  return packed(out, (stage) => {
    stagePlatform(stage, platform, addon, amend);
    const stripped = fs.statSync(path.join(stage, addonName(platform))).size;
    return { platform, addon: stripped, built: fs.statSync(addon).size };
  });
}

/**
 * @param {object} [options]
 * @param {string} [options.out] the directory for the tarballs, by default dist/
 * @param {string} [options.addon] by default this machine's, as it was built into js/
 * @param {boolean} [options.release] whether it must be fit to be published
 * @returns {{ root: string, platform: string, name: string, packages: object[] }} the two tarballs;
 *   the platform's name; of both tarballs what is in them and how large they are
 */
function pack({ out, addon, release } = {}) {
  const built = addon ?? process.env.PACK_ADDON;
  const from = path.resolve(built || path.join(ROOT, 'js', addonName(thisPlatform())));
  if (!fs.existsSync(from)) throw new Error(`${from} is missing: npm run build`);
  const root = packRoot({ out, addon: from });
  const platform = packPlatform({ out, addon: from, release });
  return {
    root: root.file,
    platform: platform.file,
    name: platform.platform,
    packages: [root, platform],
  };
}

function report({ packages }) {
  const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
  for (const { file, files, packed, unpacked, addon, built } of packages) {
    console.log(path.relative(process.cwd(), file));
    for (const name of files) console.log(`  ${name}`);
    console.log(
      `  ${files.length} files, ${kilobytes(packed)} packed, ${kilobytes(unpacked)} unpacked`,
    );
    if (addon)
      console.log(`  addon ${kilobytes(addon)}, ${kilobytes(built)} before it was stripped`);
  }
}

module.exports = { RELEASE, pack, packPlatform, packRoot, report };

async function main(args) {
  const { values } = parseArgs({
    args,
    options: {
      addon: { type: 'string' },
      out: { type: 'string' },
      release: { type: 'boolean', default: false },
    },
  });
  const { addon, out, release } = values;
  const build = release && addon === undefined;
  report(pack({ out, release, addon: build ? await buildRelease({ out: RELEASE }) : addon }));
}

if (require.main === module) {
  main(process.argv.slice(2)).catch((error) => {
    console.error(`pack: ${error.message}`);
    process.exitCode = 1;
  });
}
