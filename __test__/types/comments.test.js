'use strict';

// What an editor shows of the declarations: that it is there, and that what it names exists.

const assert = require('node:assert/strict');
const { describe, it } = require('node:test');
const { membersOf, readDeclarations } = require('../support/declarations.js');

const { ts, checker, modules } = readDeclarations();

/** Everything that has, or should have, a comment: declarations, overloads, members. */
const items = modules.flatMap(({ name: page, declarations }) =>
  declarations.flatMap(({ name, nodes }) =>
    nodes.flatMap((node) => [
      { label: `${page}: ${name}`, node },
      ...membersOf(node).map((member) => ({
        label: `${page}: ${name}.${member.path}`,
        node: member.node,
      })),
    ]),
  ),
);

const docsOf = (node) => ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc);
const tagsOf = (node, is) => docsOf(node).flatMap(({ tags }) => (tags ?? []).filter(is));
const textOf = (comment) => (ts.getTextOfJSDocComment(comment) ?? '').trim();

/** Every `{@link …}` of a comment and of its tags. */
function linksOf(doc) {
  const links = [];
  const visit = (node) => {
    if (ts.isJSDocLink(node)) links.push(node);
    ts.forEachChild(node, visit);
  };
  visit(doc);
  return links;
}

/** Declared, or imported, by this package: `close` alone would be the window's. */
const isOurs = (symbol) =>
  symbol?.declarations?.some((node) =>
    modules.some(({ files }) => files.includes(node.getSourceFile())),
  );

/** A link to an RFC, whose text says the same as its address. */
function isRfc(link) {
  const address = String.raw`https://www\.rfc-editor\.org/rfc/rfc(\d+)(?:#section-([\d.]+))?`;
  const found = new RegExp(`^\\{@link ${address} RFC (\\d+)(?: §([\\d.]+))?\\}$`).exec(link);
  return found !== null && found[1] === found[3] && found[2] === found[4];
}

describe('the comments in the declarations', () => {
  it('are there, for every declaration and every member', () => {
    assert.ok(items.length > 400, `${items.length} items`);
    const bare = items.filter(
      ({ node }) =>
        !docsOf(node).some(({ comment }) => textOf(comment) !== '') &&
        tagsOf(node, ts.isJSDocParameterTag).length === 0,
    );
    assert.deepEqual(
      bare.map(({ label }) => label),
      [],
    );
  });

  it('name every parameter where they name one, and none that is not there', () => {
    const wrong = [];
    for (const { label, node } of items) {
      const tags = tagsOf(node, ts.isJSDocParameterTag);
      const parameters = (node.parameters ?? []).map(({ name }) => name.getText());
      const named = tags.map(({ name }) => name.getText());
      if (named.length > 0 && parameters.length > 0 && named.join() !== parameters.join()) {
        wrong.push(`${label}: ${named} for ${parameters}`);
      }
    }
    assert.deepEqual(wrong, []);
  });

  it('have the tags that there are, so that nothing else is taken for one', () => {
    // What an editor shows of `@throws {@link X}` is `{`, and then a tag "link".
    const known = ['defaultValue', 'example', 'param', 'returns', 'see', 'throws', 'typeParam'];
    const tags = items.flatMap(({ label, node }) =>
      tagsOf(node, () => true).map(({ tagName }) => ({ label, tag: tagName.text })),
    );
    assert.ok(tags.length > 200, `${tags.length} tags`);
    assert.deepEqual(
      tags.filter(({ tag }) => !known.includes(tag)),
      [],
    );
  });

  it('name errors that there are', () => {
    const wrong = [];
    for (const { label, node } of items) {
      for (const { typeExpression } of tagsOf(node, ts.isJSDocThrowsTag)) {
        if (typeExpression && !checker.getSymbolAtLocation(typeExpression.type.typeName)) {
          wrong.push(`${label}: ${typeExpression.getText()}`);
        }
      }
    }
    assert.deepEqual(wrong, []);
  });

  it('link to what there is', () => {
    const links = items.flatMap(({ label, node }) =>
      docsOf(node).flatMap((doc) => linksOf(doc).map((link) => ({ label, link }))),
    );
    assert.ok(links.length > 40, `${links.length} links`);
    const broken = links.filter(({ link }) =>
      link.text.startsWith('://')
        ? !isRfc(link.getText())
        : !link.name || !isOurs(checker.getSymbolAtLocation(link.name)),
    );
    assert.deepEqual(
      broken.map(({ label, link }) => `${label}: ${link.getText()}`),
      [],
    );
  });
});
