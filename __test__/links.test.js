'use strict';

// Every relative link in what people read points to something that is there: a file, a directory, or a
// heading, by the name that GitHub gives it.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it } = require('node:test');

const root = path.join(__dirname, '..');

/** README.md and the like, docs/, and what is beside programs and figures. */
function listPages() {
  const own = fs.readdirSync(root).filter((file) => file.endsWith('.md'));
  const below = ['docs', 'examples', 'bench'].flatMap((directory) =>
    fs
      .readdirSync(path.join(root, directory), { recursive: true })
      .filter((file) => file.endsWith('.md') && !file.includes('node_modules'))
      .map((file) => `${directory}/${file.replaceAll('\\', '/')}`),
  );
  return [...own, ...below].sort();
}

/** The text without code, in which nothing is a link. */
function proseOf(page) {
  const text = fs.readFileSync(path.join(root, page), 'utf8').replaceAll('\r\n', '\n');
  const prose = text.replaceAll(/^ *(`{3,}|~{3,}).*\n(?:.*\n)*? *\1 *$/gm, '');
  assert.ok(!/^ *(`{3,}|~{3,})/m.test(prose), `${page}: a fence is not closed`);
  return prose;
}

/** What a heading is called in an address: https://github.com/gjtorikian/html-pipeline does it so. */
function slugOf(heading) {
  return heading
    .replaceAll(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replaceAll(/[`*]|<[^>]*>/g, '')
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-');
}

const anchors = new Map();

/** The anchors of a page: its headings, with a number where one is there again, and explicit ones. */
function anchorsOf(page) {
  let known = anchors.get(page);
  if (known === undefined) {
    known = new Set();
    const prose = proseOf(page);
    for (const [, heading] of prose.matchAll(/^#{1,6} +(.+?) *#*$/gm)) {
      const slug = slugOf(heading);
      let name = slug;
      for (let number = 1; known.has(name); number += 1) name = `${slug}-${number}`;
      known.add(name);
    }
    for (const [, name] of prose.matchAll(/<a +(?:id|name)="([^"]+)"/g)) known.add(name);
    anchors.set(page, known);
  }
  return known;
}

/** Where the links of a page lead: inline, by reference, and in HTML. */
function linksOf(page) {
  const prose = proseOf(page).replaceAll(/(`+)(?!`)[^\n]*?(?<!`)\1(?!`)/g, '');
  const targets = [
    ...prose.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g),
    ...prose.matchAll(/^ *\[[^\]]+\]: *<?(\S+?)>?(?: +"[^"]*")?$/gm),
    ...prose.matchAll(/<(?:a|img|source)\b[^>]*?\b(?:href|src|srcset)="([^"]+)"/g),
    ...prose.matchAll(/<(https?:[^>]+)>/g),
  ];
  return targets.map(([, target]) => target);
}

/** As `existsSync`, but by the exact letters: elsewhere than here a wrong case is found. */
function exists(file) {
  const parent = path.dirname(file);
  return file === root || (exists(parent) && fs.readdirSync(parent).includes(path.basename(file)));
}

function problemWith(page, target) {
  if (/^[a-z][a-z+.-]*:/i.test(target)) {
    // Others' pages are not asked for: a test that needs the internet fails for no reason of ours.
    return URL.canParse?.(target) === false ? 'is no URL' : undefined;
  }
  const [where, anchor] = target.split('#');
  if (where.startsWith('/')) return 'is absolute, and leads elsewhere on each site';
  const file = where === '' ? page : path.posix.join(path.posix.dirname(page), decodeURI(where));
  if (file.startsWith('..')) return 'leads out of the repository';
  if (!exists(path.join(root, file))) return `there is no ${file}`;
  if (anchor === undefined) return undefined;
  if (!file.endsWith('.md')) return 'has an anchor, and is no page';
  return anchorsOf(file).has(anchor) ? undefined : `${file} has no heading #${anchor}`;
}

describe('links', () => {
  const pages = listPages();

  for (const page of pages) {
    it(page, () => {
      const problems = linksOf(page)
        .map((target) => [target, problemWith(page, target)])
        .filter(([, problem]) => problem !== undefined);
      assert.deepEqual(problems, []);
    });
  }

  it('every page of docs/ is in its index', () => {
    const linked = new Set(linksOf('docs/README.md'));
    const own = pages.filter((page) => /^docs\/[^/]+\.md$/.test(page));
    const missing = own
      .map((page) => path.posix.basename(page))
      .filter((page) => !linked.has(page));
    assert.deepEqual(missing, ['README.md']);
  });

  it('sees links and headings as GitHub does', () => {
    assert.equal(slugOf('Browsers from elsewhere (CORS)'), 'browsers-from-elsewhere-cors');
    assert.equal(
      slugOf('client_secret_basic, client_secret_post'),
      'client_secret_basic-client_secret_post',
    );
    assert.equal(slugOf('`token_too_large`'), 'token_too_large');
    assert.equal(slugOf('From [the vendor](x.md)’s package'), 'from-the-vendors-package');
    assert.ok(linksOf('README.md').includes('docs/express.md'));
    assert.equal(problemWith('docs/express.md', '../README.md#what-is-answered'), undefined);
    assert.match(problemWith('docs/express.md', '#nowhere'), /no heading/);
    assert.match(problemWith('docs/express.md', 'Fastify.md'), /there is no/);
  });
});
