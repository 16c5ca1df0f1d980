'use strict';

// npm run docs:api: writes docs/api from the declarations, with TypeDoc.
//
//   npm run docs:api -- --check     writes nothing, and says what is not as the declarations have it

const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { name: PACKAGE, exports: EXPORTS } = require('../package.json');
const { CACHE } = require('./downloads');

const ROOT = path.join(__dirname, '..');
const TARGET = path.join(ROOT, 'docs', 'api');

/** `[name of the page, file]` of each module that the package has. */
const ENTRIES = Object.entries(EXPORTS)
  .filter(([, conditions]) => conditions.require)
  .map(([entry, conditions]) => [
    entry === '.' ? path.basename(PACKAGE) : entry.slice(2),
    path.join(ROOT, conditions.require.types),
  ]);

const specifierOf = (module) =>
  module === path.basename(PACKAGE) ? PACKAGE : `${PACKAGE}/${module}`;

const NOTE =
  '<!-- Written by `npm run docs:api` from the declarations. Edit those, and run it again. -->';

const OPTIONS = {
  entryPoints: ENTRIES.map(([, file]) => file),
  tsconfig: path.join(ROOT, 'tsconfig.json'),
  plugin: ['typedoc-plugin-markdown'],
  readme: 'none',
  treatWarningsAsErrors: true,
  logLevel: 'Warn',
  // Only what this package declares (no members of Error), and each export in one module only.
  excludeExternals: true,
  excludePrivate: true,
  excludeReferences: true,
  preservedTypeAnnotationTags: ['@throws'],
  disableSources: true,
  hideBreadcrumbs: true,
  hidePageHeader: true,
  hideGenerator: true,
  router: 'member',
  sort: ['source-order'],
  groupOrder: ['Classes', 'Functions', 'Interfaces', 'Type Aliases'],
  indexFormat: 'table',
  useCodeBlocks: true,
  useHTMLAnchors: true,
  parametersFormat: 'table',
  interfacePropertiesFormat: 'table',
  classPropertiesFormat: 'table',
  typeAliasPropertiesFormat: 'table',
  pageTitleTemplates: {
    index: () => 'API reference',
    module: ({ rawName }) => `\`${specifierOf(rawName)}\``,
  },
};

/** Turns `RFC 7519 §4.1` into a link. */
const withRfcs = (text) =>
  text.replaceAll(
    /\bRFC (\d+)(?: §(\d[\d.]*\d|\d))?/g,
    (label, number, section) =>
      `[${label}](https://www.rfc-editor.org/rfc/rfc${number}${section ? `#section-${section}` : ''})`,
  );

function linkRfcs(parts) {
  for (const part of parts) {
    if (part.kind === 'text') part.text = withRfcs(part.text);
  }
}

const NEW_LINE = { kind: 'text', text: '\n' };

/** All `@throws` of a comment as one list, each with a link to its type, which TypeDoc leaves out. */
function listThrows(comment, project) {
  const all = comment.blockTags.filter(({ tag }) => tag === '@throws');
  if (all.length === 0) return;
  const [first] = all;
  first.content = all.flatMap(({ typeAnnotation, content }) => {
    const name = typeAnnotation?.replaceAll(/[{}]/g, '');
    const target = name && project.getChildByName([path.basename(PACKAGE), name]);
    const type = target
      ? { kind: 'inline-tag', tag: '@link', text: name, target }
      : { kind: 'text', text: name ? `\`${name}\`` : '' };
    return [{ kind: 'text', text: '- ' }, type, { kind: 'text', text: ' ' }, ...content, NEW_LINE];
  });
  comment.blockTags = comment.blockTags.filter((tag) => tag === first || tag.tag !== '@throws');
}

/** The comments of a union's members, as a table. */
function listWords({ comment, type }) {
  const cell = (parts) => parts.map(({ text }) => text.replaceAll('|', '\\|')).join('');
  const rows = type.types.flatMap(({ value }, index) => {
    const about = type.elementSummaries[index];
    if (about.length === 0) return [];
    linkRfcs(about);
    return [`| <a id="${value}"></a>\`${value}\` | ${cell(about)} |`];
  });
  comment.summary.push({ kind: 'text', text: `\n\n| | |\n|---|---|\n${rows.join('\n')}\n` });
}

function amend(project) {
  for (const reflection of Object.values(project.reflections)) {
    const { comment, type } = reflection;
    if (!comment) continue;
    linkRfcs(comment.summary);
    for (const tag of comment.blockTags) if (tag.tag !== '@example') linkRfcs(tag.content);
    listThrows(comment, project);
    if (type?.type === 'union' && type.elementSummaries) listWords(reflection);
  }
}

async function render(out) {
  const { Application, PageEvent } = await import('typedoc');
  const app = await Application.bootstrapWithPlugins({ ...OPTIONS, out });
  const points = app.getEntryPoints() ?? [];
  for (const point of points) {
    const file = path.normalize(point.sourceFile.fileName);
    point.displayName = ENTRIES.find(([, known]) => known === file)[0];
  }
  const project = app.converter.convert(points);
  app.validate(project);
  amend(project);
  app.renderer.on(PageEvent.END, (page) => {
    page.contents = `${NOTE}\n\n${page.contents}`;
  });
  await app.generateOutputs(project);
  if (app.logger.hasErrors() || app.logger.hasWarnings()) throw new Error('see above');
}

/** Every file in a directory, with its text. */
function textsIn(directory) {
  const found = fs.readdirSync(directory, { recursive: true, withFileTypes: true });
  const files = found.filter((entry) => entry.isFile());
  return new Map(
    files.map((entry) => {
      const file = path.join(entry.parentPath ?? entry.path, entry.name);
      return [path.relative(directory, file), fs.readFileSync(file, 'utf8')];
    }),
  );
}

async function main({ check }) {
  if (!check) {
    fs.rmSync(TARGET, { recursive: true, force: true });
    await render(TARGET);
    return;
  }
  const fresh = path.join(CACHE, 'docs-api');
  fs.rmSync(fresh, { recursive: true, force: true });
  await render(fresh);
  const [expected, there] = [textsIn(fresh), textsIn(TARGET)];
  const differs = [...new Set([...expected.keys(), ...there.keys()])].filter(
    (name) => expected.get(name) !== there.get(name),
  );
  if (differs.length > 0) {
    throw new Error(`not as the declarations have it, run npm run docs:api: ${differs.join(', ')}`);
  }
}

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
main(values).catch((error) => {
  console.error(`docs:api: ${error.message}`);
  process.exitCode = 1;
});
