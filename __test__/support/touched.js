'use strict';

// Which declarations of this package a program uses, as the compiler understands it; and which there are.

const path = require('node:path');
const { ENTRIES, membersOf, root } = require('./declarations.js');

/** The installed package's source files, in the order of its modules. */
function modulesOf(program, project) {
  const installed = path.join(project, 'node_modules', '@monocloud', 'backend-node');
  return ENTRIES.map(({ name, file }) => ({
    name,
    source: program.getSourceFile(path.join(installed, path.relative(root, file))),
  }));
}

const isExported = (ts, node) =>
  (ts.getCombinedModifierFlags(node) & ts.ModifierFlags.Export) !== 0 && node.name !== undefined;

/** Every declaration, overload and member that has to be used, with a label. */
function required(ts, program, project) {
  return modulesOf(program, project).flatMap(({ name: page, source }) =>
    source.statements
      .filter((node) => isExported(ts, node))
      .flatMap((node) => {
        const label = `${page}: ${node.name.text}`;
        const members = membersOf(node).map((member) => ({
          label: `${label}.${member.path}`,
          node: member.node,
        }));
        return [
          { label: `${label} ${node.parameters?.map((p) => p.getText()) ?? ''}`, node },
          ...members,
        ];
      }),
  );
}

/**
 * The words of the unions that are declared, but for reasons, that no literal of the programs is, and
 * none of those that came out of them.
 */
function words(ts, program, project, sources, met) {
  const used = new Set(met);
  const visit = (node) => {
    if (ts.isStringLiteral(node)) used.add(node.text);
    if (ts.isPropertyAssignment(node) && ts.isIdentifier(node.name)) used.add(node.name.text);
    ts.forEachChild(node, visit);
  };
  for (const source of sources) visit(source);
  return modulesOf(program, project).flatMap(({ name: page, source }) =>
    source.statements
      .filter((node) => ts.isTypeAliasDeclaration(node) && ts.isUnionTypeNode(node.type))
      // Why a token was refused is in the tests of every refusal, and the README's test knows all reasons.
      .filter((node) => !node.name.text.endsWith('Reason'))
      .flatMap((node) =>
        node.type.types
          .filter((type) => ts.isLiteralTypeNode(type) && ts.isStringLiteral(type.literal))
          .map((type) => type.literal.text)
          .filter((word) => !used.has(word))
          .map((word) => `${page}: ${node.name.text} '${word}'`),
      ),
  );
}

/** The declarations that the programs use. */
function touched(ts, checker, sources) {
  const used = new Set();
  const add = (symbol) => {
    if (!symbol) return;
    const actual = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    for (const node of actual.declarations ?? []) {
      // Of what can be called, a name is no use: a call is.
      if (!isCallable(ts, node)) used.add(node);
    }
  };
  const parts = (type) =>
    type?.isUnionOrIntersection() ? type.types.flatMap(parts) : type ? [type] : [];
  const addMember = (type, name, implemented) => {
    for (const part of parts(type)) {
      const property = checker.getPropertyOfType(part, name);
      add(property);
      if (implemented) for (const node of property?.declarations ?? []) used.add(node);
    }
  };
  const visit = (node) => {
    if (ts.isCallExpression(node) || ts.isNewExpression(node)) {
      const { declaration } = checker.getResolvedSignature(node) ?? {};
      if (declaration) used.add(declaration);
    }
    if (ts.isIdentifier(node)) add(checker.getSymbolAtLocation(node));
    if (ts.isObjectLiteralExpression(node)) {
      const type = checker.getContextualType(node);
      for (const { name } of node.properties) {
        // What a program gives for a function is called by the package.
        if (name) addMember(type, ts.isStringLiteral(name) ? name.text : name.getText(), true);
      }
    }
    if (ts.isObjectBindingPattern(node)) {
      const type = checker.getTypeAtLocation(node);
      for (const element of node.elements) {
        addMember(type, (element.propertyName ?? element.name).getText(), false);
      }
    }
    if (ts.isIndexedAccessTypeNode(node) && ts.isLiteralTypeNode(node.indexType)) {
      const { literal } = node.indexType;
      addMember(checker.getTypeFromTypeNode(node.objectType), literal.text, false);
    }
    if (ts.isClassDeclaration(node)) {
      for (const clause of node.heritageClauses ?? []) {
        for (const base of clause.types) {
          const type = checker.getTypeAtLocation(base);
          for (const { name } of node.members) if (name) addMember(type, name.getText(), true);
        }
      }
    }
    ts.forEachChild(node, visit);
  };
  for (const source of sources) visit(source);
  return used;
}

const isCallable = (ts, node) =>
  ts.isFunctionDeclaration(node) || ts.isMethodSignature(node) || ts.isMethodDeclaration(node);

/** The types of what a program calls its `witness` with, by name. */
function witnesses(ts, checker, source) {
  const types = new Map();
  const visit = (node) => {
    if (ts.isCallExpression(node) && node.expression.getText() === 'witness') {
      const [name, value] = node.arguments;
      types.set(name.text, checker.getTypeAtLocation(value));
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return types;
}

module.exports = { required, touched, witnesses, words };
