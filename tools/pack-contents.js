'use strict';

// Whether a tarball has what it should: for tools/pack.js.

const fs = require('node:fs');
const { builtinModules } = require('node:module');
const path = require('node:path');

/** All that a tarball may have in it. A file of another kind is one that got there by chance. */
const BELONGS = [
  /^(package\.json|README\.md|LICENSE|SECURITY\.md|CHANGELOG\.md)$/,
  /^index\.d\.m?ts$/,
  // binding.d.ts is of the addon, which is nobody's business.
  /^(js|bin)\/(?!binding\.d\.ts$)([\w-]+\/)*[\w-]+\.(js|mjs|d\.ts|d\.mts)$/,
  /^binding\.[\w-]+\.node$/,
];

/** Made by napi: it asks for an addon of every platform there is, and takes what it gets. */
const GENERATED = 'js/binding.js';

/** The strings at the ends of `exports`, `bin` and their like. */
function leaves(value) {
  if (typeof value === 'string') return [value];
  return Object.values(value ?? {}).flatMap(leaves);
}

function entryPoints({ bin, exports, files = [], main, types, typesVersions }) {
  const named = leaves([bin, exports, main, types, typesVersions]);
  const literal = files.filter((file) => !/[*!]/.test(file));
  return [...named, ...literal].map((file) => path.posix.normalize(file));
}

/** Which files of the package a relative import may mean. */
function candidates(from, specifier) {
  const file = path.posix.join(path.posix.dirname(from), specifier);
  // Types name the JavaScript beside them.
  const types = file.replace(/\.(m?)js$/, '.d.$1ts');
  return /\.d\.m?ts$/.test(from) ? [types] : [file];
}

function checkImports(directory, file, files, manifest) {
  // Slow to load, and of use to nobody but this.
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
