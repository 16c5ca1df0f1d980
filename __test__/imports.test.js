'use strict';

// Imports point downwards: js/ is the package, tools/ build it, __test__/ tests both, bench/ measures.
// Biome's noImportCycles sees to it that no two files import each other.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { it } = require('node:test');

const ROOT = path.join(__dirname, '..');
const LAYERS = ['js', 'tools', '__test__', 'bench'];
const SPECIFIER = /(?:\bfrom|\bimport|\brequire|\bimport\(|\brequire\() *'(\.[^']*)'/g;

function importsOf(file) {
  const text = fs.readFileSync(path.join(ROOT, file), 'utf8');
  return Array.from(text.matchAll(SPECIFIER), ([, specifier]) =>
    path.posix.join(path.posix.dirname(file), specifier),
  );
}

/** What a file of js/ is in: its folder, or the file itself where it is in none. */
const roomOf = (file) => file.split('/')[1];

it('no folders of js/ import each other, by whatever way round', () => {
  const imported = new Map();
  for (const name of fs.readdirSync(path.join(ROOT, 'js'), { recursive: true })) {
    const file = path.posix.join('js', name.replaceAll('\\', '/'));
    if (!/(?<!\.d)\.m?js$/.test(file) || file === 'js/binding.js') continue;
    const rooms = imported.get(roomOf(file)) ?? new Set();
    imported.set(roomOf(file), rooms);
    for (const target of importsOf(file)) {
      if (target.startsWith('js/') && roomOf(target) !== roomOf(file)) rooms.add(roomOf(target));
    }
  }
  assert.ok(imported.size > 10, `${imported.size} folders and files`);
  const circles = [];
  const visit = (room, way) => {
    if (way.includes(room)) {
      circles.push([...way.slice(way.indexOf(room)), room].join(' > '));
      return;
    }
    for (const next of imported.get(room) ?? []) visit(next, [...way, room]);
  };
  for (const room of imported.keys()) visit(room, []);
  assert.deepEqual(circles, []);
});

it('no folder imports from one above it', () => {
  const layerOf = (file) => LAYERS.indexOf(file.split('/')[0]);
  const upwards = [];
  let imports = 0;
  for (const layer of LAYERS) {
    const found = fs.readdirSync(path.join(ROOT, layer), { recursive: true });
    const files = found.map((name) => path.posix.join(layer, name.replaceAll('\\', '/')));
    for (const file of files.filter((name) => /(?<!\.d)\.m?[jt]s$/.test(name))) {
      const all = importsOf(file);
      imports += all.length;
      const wrong = all.filter((target) => layerOf(target) > layerOf(file));
      upwards.push(...wrong.map((target) => `${file} imports ${target}`));
    }
  }
  assert.ok(imports > 500, `${imports} imports`);
  assert.deepEqual(upwards, []);
});
