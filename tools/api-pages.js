'use strict';

// The pages of the reference, as Markdown: one for each module, and one that lists them. docs-api.js
// writes them.
//
// An anchor is the name in lower case, with the member after a hyphen (`#clientstats-keys`), so it stays
// while the name does.

const { membersOf, readDeclarations } = require('./declarations.js');

const { ts, checker, modules } = readDeclarations();
const printer = ts.createPrinter({ removeComments: true });

const anchorOf = (...names) =>
  names
    .join('-')
    .toLowerCase()
    .replaceAll(/[^\w-]+/g, '-');
const anchor = (...names) => `<a id="${anchorOf(...names)}"></a>`;
const escapeCell = (text) => text.replaceAll(/[|*]/g, '\\$&').replaceAll(/\s*\n\s*/g, ' ');
const isCallable = (node) => node.parameters !== undefined && !ts.isIndexSignatureDeclaration(node);

/** Page and anchor of what a link or a type names; `undefined` where it is not ours. */
function addressOf(symbol, page) {
  for (let node = symbol?.declarations?.[0]; node; node = node.parent) {
    const module = modules.find(({ declarations }) =>
      declarations.some((d) => d.nodes.includes(node)),
    );
    if (!module) continue;
    const own = symbol.declarations[0] === node ? [] : [symbol.name];
    const at = `#${anchorOf(node.name.text, ...own)}`;
    return module === page ? at : `${module.name}.md${at}`;
  }
  return undefined;
}

/** The symbol of a link, which may be an import of what is declared elsewhere. */
function linked(name) {
  const symbol = checker.getSymbolAtLocation(name);
  return symbol && symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

/** The RFCs that a text names, as links. */
const withRfcs = (text) =>
  text.replaceAll(
    /\bRFC (\d+)(?: §(\d[\d.]*\d|\d))?/g,
    (label, number, section) =>
      `[${label}](https://www.rfc-editor.org/rfc/rfc${number}${section ? `#section-${section}` : ''})`,
  );

/** Markdown of a comment, or of a tag's. */
function prose(comment, page) {
  const parts = typeof comment === 'string' ? [{ text: comment }] : (comment ?? []);
  const text = parts.map((part) => {
    if (part.kind === undefined || !ts.isJSDocLink(part)) return withRfcs(part.text);
    if (part.text.startsWith('://')) {
      const [address, ...label] = `https${part.text}`.split(' ');
      return `[${label.join(' ')}](${address})`;
    }
    const address = addressOf(linked(part.name), page);
    if (!address) throw new Error(`${page.name}: ${part.getText()} leads nowhere`);
    return `[\`${part.name.getText()}\`](${address})`;
  });
  return text.join('').trim();
}

/** What is said of a node: its text, and its tags by name. */
function docsOf(node, page) {
  const docs = { text: '', tags: [], parameters: new Map() };
  for (const doc of ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc)) {
    docs.text = prose(doc.comment, page);
    for (const tag of doc.tags ?? []) {
      const text = prose(tag.comment, page).replace(/^- /, '');
      if (ts.isJSDocParameterTag(tag)) docs.parameters.set(tag.name.getText(), text);
      else docs.tags.push({ name: tag.tagName.text, text: tagText(tag, text, page) });
    }
  }
  return docs;
}

/** A tag's text. `@throws {Type} …` has a type of its own; `@see` takes a link for something else. */
function tagText(tag, text, page) {
  if (tag.tagName.text === 'see') {
    const [, address, label] = /\{@link (https:\S+) ([^}]*)\}/.exec(tag.getText()) ?? [];
    return `[${label}](${address})`;
  }
  const type = tag.typeExpression?.type;
  if (type === undefined) return text;
  const address = addressOf(linked(type.typeName), page);
  const name = `\`${type.getText()}\``;
  return `${address ? `[${name}](${address})` : name} ${text}`;
}

/** The text of a node without comments, indented as everything else here is. */
function codeOf(node) {
  const text = printer.printNode(ts.EmitHint.Unspecified, node, node.getSourceFile());
  const code = text
    .replace(/^export (declare )?(?:abstract )?/, '')
    .replaceAll(/^( {4})+/gm, (indent) => ' '.repeat(indent.length / 2));
  if (code.length <= 90 || code.includes('\n')) return code;
  return ts.isTypeAliasDeclaration(node) && ts.isUnionTypeNode(node.type)
    ? code
        .replace(' = ', ' =\n  | ')
        .replaceAll(/(?<!=\n {2})\| (?=')/g, '\n  | ')
        .replaceAll(/ +\n/g, '\n')
    : wrapped(code);
}

/** A long signature, with a line for each parameter. */
function wrapped(code) {
  let depth = 0;
  let out = '';
  for (let i = 0; i < code.length; i += 1) {
    const char = code[i];
    if ('({[<'.includes(char)) depth += 1;
    if (')}]'.includes(char) || (char === '>' && code[i - 1] !== '=')) depth -= 1;
    if (char === '(' && depth === 1) out += '(\n  ';
    else if (char === ')' && depth === 0 && out.includes('(\n')) out += ',\n)';
    else if (char === ',' && depth === 1 && out.includes('(\n')) {
      out += ',\n  ';
      i += 1;
    } else out += char;
  }
  return out;
}

/** Types are linked to their declarations below the code, since code itself can hold no links. */
function linksIn(nodes, page, own) {
  const found = new Map();
  const visit = (node) => {
    if (ts.isTypeReferenceNode(node) || ts.isExpressionWithTypeArguments(node)) {
      const name = (node.typeName ?? node.expression).getText();
      const address = addressOf(linked(node.typeName ?? node.expression), page);
      const isParameter =
        linked(node.typeName ?? node.expression)?.flags & ts.SymbolFlags.TypeParameter;
      if (address && name !== own && !isParameter) found.set(name, address);
    }
    ts.forEachChild(node, visit);
  };
  for (const node of nodes) visit(node);
  return [...found].map(([name, address]) => `[\`${name}\`](${address})`);
}

const fence = (code) => `\`\`\`ts\n${code}\n\`\`\``;

/** What is said of something, from the parameters to the examples. */
function details(node, page) {
  const { text, tags, parameters } = docsOf(node, page);
  const tagged = (name) => tags.filter((tag) => tag.name === name).map((tag) => tag.text);
  const out = [text];
  const types = tagged('typeParam').map((line) => line.split(/ - ([\s\S]*)/));
  const rows = [...types, ...parameters].filter(([, about]) => about !== '');
  if (rows.length > 0) {
    out.push(
      rows.map(([name, about]) => `- \`${name}\`: ${about.replaceAll('\n', '\n  ')}`).join('\n'),
    );
  }
  for (const about of tagged('returns')) out.push(`Returns: ${about}`);
  for (const about of tagged('defaultValue')) out.push(`Default: ${about}`);
  const throws = tagged('throws');
  if (throws.length > 0) out.push(`Throws:\n\n${throws.map((about) => `- ${about}`).join('\n')}`);
  const see = tagged('see');
  if (see.length > 0) out.push(`See ${see.join(', ')}.`);
  out.push(...tagged('example'));
  return out.filter(Boolean);
}

/** Members that fit a line each are a table; others have a heading each. */
function members(name, nodes, page) {
  const all = nodes.flatMap((node) => membersOf(node));
  const said = all.map(({ path: at, node }) => ({ at, node, about: details(node, page) }));
  if (said.length === 0) return [];
  const isPlain = ({ node, about }) =>
    !isCallable(node) &&
    about.length <= 1 &&
    !about[0]?.includes('\n\n') &&
    !about[0]?.includes('\n-');
  if (said.every(isPlain)) {
    const places = new Set();
    const rows = said.map(({ at, node, about }) => {
      const type = node.type && !membersOf(node).length ? codeOf(node.type) : '';
      // The same name may be in several parts of a union.
      const place = places.has(at) ? '' : anchor(name, at);
      places.add(at);
      const title = `${place}\`${at}${node.questionToken ? '?' : ''}\``;
      const cells = [title, type && `\`${type}\``];
      return `| ${[...cells, about.join(' ')].map(escapeCell).join(' | ')} |`;
    });
    return [['| member | type | |', '|---|---|---|', ...rows].join('\n')];
  }
  const seen = new Set();
  return said.flatMap(({ at, node, about }) => {
    const heading = seen.has(at) ? [] : [`${anchor(name, at)}\n#### ${titleOf(name, at, node)}`];
    seen.add(at);
    // What is inside of an object has headings of its own.
    const code =
      node.type && membersOf(node).length && !isCallable(node) ? [] : [fence(codeOf(node))];
    return [...heading, ...code, ...about];
  });
}

function titleOf(name, at, node) {
  if (ts.isConstructorDeclaration(node)) return `\`new ${name}()\``;
  return `\`${at}${isCallable(node) ? '()' : ''}\``;
}

/** A union whose words have comments of their own. */
function words([node]) {
  if (!ts.isTypeAliasDeclaration(node) || !ts.isUnionTypeNode(node.type)) return [];
  const text = node.getSourceFile().text;
  const rows = node.type.types.flatMap((type) => {
    const before = text.slice(0, type.getStart());
    const [, about] = /\/\*\* ((?:(?!\*\/).)*) \*\/\s*\| $/s.exec(before) ?? [];
    if (about === undefined) return [];
    const word = type.literal.text;
    return [`| ${anchor(node.name.text, word)}\`${word}\` | ${escapeCell(withRfcs(about))} |`];
  });
  return rows.length === 0 ? [] : [['| | |', '|---|---|', ...rows].join('\n')];
}

/** The head of a class or an interface; everything else as it is. */
function headOf(node) {
  if (!ts.isClassDeclaration(node) && !ts.isInterfaceDeclaration(node)) return codeOf(node);
  const keyword = ts.isClassDeclaration(node) ? 'class' : 'interface';
  const parameters = node.typeParameters?.map((type) => type.getText()).join(', ');
  const clauses = (node.heritageClauses ?? []).map((clause) => ` ${clause.getText()}`);
  return `${keyword} ${node.name.text}${parameters ? `<${parameters}>` : ''}${clauses.join('')} { … }`;
}

function section({ name, kind, nodes }, page) {
  const title = kind === 'function' ? `${name}()` : name;
  const out = [`${anchor(name)}\n### \`${title}\``];
  const table = words(nodes);
  for (const node of nodes) {
    if (table.length === 0) out.push(fence(headOf(node)));
    out.push(...details(node, page));
  }
  const links = linksIn(nodes, page, name);
  if (links.length > 0) out.push(`Types: ${links.join(', ')}.`);
  return [...out, ...table, ...members(name, nodes, page)].join('\n\n');
}

/** The first sentence, for the table of contents. */
const firstSentence = (text) =>
  /^[\s\S]*?[.:](?=\s|$)/.exec(text.replaceAll('\n', ' '))?.[0] ?? text;

const KINDS = { class: 'Classes', function: 'Functions', type: 'Types' };

function contents(page) {
  return Object.entries(KINDS).flatMap(([kind, title]) => {
    const lines = page.declarations
      .filter((declaration) => declaration.kind === kind)
      .map(({ name, nodes }) => {
        const about = firstSentence(docsOf(nodes[0], page).text).replace(/:$/, '.');
        return `- [\`${name}${kind === 'function' ? '()' : ''}\`](#${anchorOf(name)}): ${about}`;
      });
    return lines.length === 0 ? [] : [`**${title}**`, lines.join('\n')];
  });
}

/** What the comment at the head of a file says, without what is for whoever edits it. */
function introduction({ source }) {
  const [comment = ''] = /^\/\*\*[\s\S]*?@packageDocumentation\s*\*\//.exec(source.text) ?? [];
  const text = comment
    .replaceAll(/^[ \t]*\/?\*+\/?[ ]?/gm, '')
    .replace('@packageDocumentation', '');
  const about = text.trim().replace(/^`[^`]*`: /, '');
  return withRfcs(about.charAt(0).toUpperCase() + about.slice(1));
}

const NOTE =
  '<!-- Written by `npm run docs:api` from the declarations. Edit those, and run it again. -->';

function write(page) {
  const again = page.source.text.includes("export * from '../../index.js'")
    ? ['All that [`@monocloud/backend-node`](backend-node.md) has is here, too.']
    : [];
  return [
    NOTE,
    `# \`${page.entry.replace(/\/$/, '')}\``,
    introduction(page),
    ...again,
    ...contents(page),
    ...page.declarations.map((declaration) => section(declaration, page)),
  ].join('\n\n');
}

/** Names of files, and what is in them. */
function pages() {
  const index = modules.map((page) => {
    const about = firstSentence(introduction(page)).replace(/:$/, '.');
    return `- [\`${page.entry.replace(/\/$/, '')}\`](${page.name}.md): ${about}`;
  });
  const files = [['README.md', [NOTE, '# API reference', index.join('\n')].join('\n\n')]];
  for (const page of modules) files.push([`${page.name}.md`, write(page)]);
  return new Map(files.map(([name, text]) => [name, `${text}\n`]));
}

module.exports = { pages };
