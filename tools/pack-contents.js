'use strict';

// Checks the files of a tarball, for tools/pack.js.

const fs = require('node:fs');
const { builtinModules } = require('node:module');
const path = require('node:path');

/** The files that a tarball may contain. */
const BELONGS = [
  /^(package\.json|README\.md|LICENSE|SECURITY\.md|CHANGELOG\.md)$/,
  /^index\.d\.m?ts$/,
  // binding.d.ts describes the addon, which is internal.
  /^(js|bin)\/(?!binding\.d\.ts$)([\w-]+\/)*[\w-]+\.(js|mjs|d\.ts|d\.mts)$/,
  /^js\/demo\/page\/[\w-]+\.(html|css|svg)$/,
  /^binding\.[\w-]+\.node$/,
];

/** Written by napi. It tries to load the addon of every platform. */
const GENERATED = 'js/binding.js';

/** All strings in a nested object such as `exports` or `bin`. */
function leaves(value) {
  if (typeof value === 'string') return [value];
  return Object.values(value ?? {}).flatMap(leaves);
}

function entryPoints({ bin, exports, files = [], main, types, typesVersions }) {
  const named = leaves([bin, exports, main, types, typesVersions]);
  const literal = files.filter((file) => !/[*!]/.test(file));
  return [...named, ...literal].map((file) => path.posix.normalize(file));
}

/** The files that a relative import can resolve to. */
function candidates(from, specifier) {
  const file = path.posix.join(path.posix.dirname(from), specifier);
  // A declaration file imports `x.js` and gets `x.d.ts`.
  const types = file.replace(/\.(m?)js$/, '.d.$1ts');
  return /\.d\.m?ts$/.test(from) ? [types] : [file];
}

function checkImports(directory, file, files, manifest) {
  // Loaded here because TypeScript takes a second to load.
  const { preProcessFile } = require('typescript');
  const text = fs.readFileSync(path.join(directory, file), 'utf8');
  const { importedFiles } = preProcessFile(text, true, true);
  const known = { ...manifest.dependencies, ...manifest.peerDependencies };
  return importedFiles.flatMap(({ fileName: specifier }) => {
    if (/^\.\.?\//.test(specifier)) {
      const found = candidates(file, specifier).some((name) => files.includes(name));
      return found ? [] : [`${file} asks for ${specifier}, which is not there`];
    }
    const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
    const isKnown = specifier.startsWith('node:') || builtinModules.includes(name) || name in known;
    return isKnown || name === manifest.name
      ? []
      : [`${file} asks for ${specifier}, which nobody who installs this has`];
  });
}

/** @returns {string[]} what is wrong with those files of a directory that npm would publish */
function checkContents(directory, files) {
  const manifest = JSON.parse(fs.readFileSync(path.join(directory, 'package.json'), 'utf8'));
  const problems = files
    .filter((file) => !BELONGS.some((pattern) => pattern.test(file)))
    .map((file) => `${file} does not belong there`);
  for (const file of entryPoints(manifest)) {
    if (!files.includes(file)) problems.push(`package.json names ${file}, which is not there`);
  }
  for (const file of ['LICENSE', 'README.md']) {
    if (!files.includes(file)) problems.push(`${file} is missing`);
  }
  for (const file of files) {
    if (/\.(m?js|d\.m?ts)$/.test(file) && file !== GENERATED) {
      problems.push(...checkImports(directory, file, files, manifest));
    }
  }
  return problems.map((problem) => `${manifest.name}: ${problem}`);
}

module.exports = { checkContents };
