'use strict';

// The mutants of one JavaScript file: each is a replacement of one range of its text.

const vm = require('node:vm');
const ts = require('typescript');

const K = ts.SyntaxKind;

/** @typedef {{ start: number, end: number, text: string }} Mutant */

/** What replaces an operator. */
const OPERATORS = new Map([
  ['<', ['<=', '>=']],
  ['<=', ['<', '>']],
  ['>', ['>=', '<=']],
  ['>=', ['>', '<']],
  ['===', ['!==']],
  ['!==', ['===']],
  ['&&', ['||']],
  ['||', ['&&']],
  ['??', ['&&']],
  ['-', ['+']],
  ['*', ['/']],
  ['/', ['*']],
  ['+=', ['-=']],
  ['-=', ['+=']],
]);
const LOGICAL = new Map([
  ['&&', 'true'],
  ['||', 'false'],
]);
const COMPARISONS = new Set(['<', '<=', '>', '>=', '===', '!==', 'in', 'instanceof']);

/**
 * @param {string} text
 * @returns {Mutant[]} in the order of the text, without repetitions
 */
function mutantsOf(text) {
  const source = ts.createSourceFile('x.js', text, ts.ScriptTarget.ESNext, true, ts.ScriptKind.JS);
  const found = new Map();

  const add = (start, end, replacement) => {
    if (text.slice(start, end) !== replacement) {
      found.set(`${start}:${end}:${replacement}`, { start, end, text: replacement });
    }
  };
  const replace = (node, replacement) => add(node.getStart(source), node.end, replacement);

  const visit = (node) => {
    mutate(node, source, replace, add);
    ts.forEachChild(node, visit);
  };
  visit(source);
  const sorted = [...found.values()].sort((a, b) => a.start - b.start || a.end - b.end);
  return sorted.filter((mutant) => compiles(applied(text, mutant)));
}

/** The text with the replacement in it. */
function applied(text, { start, end, text: replacement }) {
  return text.slice(0, start) + replacement + text.slice(end);
}

/** `a ?? b || c`, for example, is no JavaScript. */
function compiles(text) {
  try {
    return new vm.Script(text) !== undefined;
  } catch {
    return false;
  }
}

function mutate(node, source, replace, add) {
  if (ts.isIfStatement(node)) decide(node.expression, replace);
  if (ts.isConditionalExpression(node)) decide(node.condition, replace);
  // A loop that never ends is noticed always, and slowly.
  if (ts.isWhileStatement(node) || ts.isDoStatement(node)) replace(node.expression, 'false');
  if (ts.isForStatement(node) && node.condition) replace(node.condition, 'false');
  if (ts.isBinaryExpression(node)) binary(node, source, replace);
  if (ts.isPrefixUnaryExpression(node) && node.operator === K.ExclamationToken) {
    replace(node, node.operand.getText(source));
  }
  if (ts.isReturnStatement(node)) returned(node, node.expression, replace);
  if (ts.isArrowFunction(node) && !ts.isBlock(node.body)) returned(node.body, node.body, replace);
  if (isRemovable(node) || ts.isThrowStatement(node)) replace(node, ';');
  if (ts.isNumericLiteral(node) && !ts.isPropertyAssignment(node.parent)) number(node, replace);
  if (node.kind === K.TrueKeyword) replace(node, 'false');
  if (node.kind === K.FalseKeyword) replace(node, 'true');
  if (ts.isArrayLiteralExpression(node)) members(node, source, add);
  if (ts.isRegularExpressionLiteral(node)) pattern(node, replace);
  if (node.questionDotToken) {
    const call = ts.isPropertyAccessExpression(node) ? '.' : '';
    replace(node.questionDotToken, call);
  }
}

function decide(condition, replace) {
  replace(condition, 'true');
  replace(condition, 'false');
}

function binary(node, source, replace) {
  const operator = node.operatorToken.getText(source);
  for (const other of OPERATORS.get(operator) ?? []) replace(node.operatorToken, other);
  const neutral = LOGICAL.get(operator);
  if (neutral !== undefined) {
    replace(node.left, neutral);
    replace(node.right, neutral);
  }
}

/** A `return`, or the expression that an arrow function returns. */
function returned(node, expression, replace) {
  const isStatement = ts.isReturnStatement(node);
  if (expression === undefined) return replace(node, ';');
  const wrapped = (value) => (isStatement ? `return ${value};` : value);
  if (isBoolean(expression)) {
    replace(node, wrapped('true'));
    replace(node, wrapped('false'));
  } else if (expression.getText() !== 'undefined') {
    replace(node, wrapped('undefined'));
  }
}

function isBoolean(node) {
  if (ts.isParenthesizedExpression(node)) return isBoolean(node.expression);
  if (node.kind === K.TrueKeyword || node.kind === K.FalseKeyword) return true;
  if (ts.isPrefixUnaryExpression(node)) return node.operator === K.ExclamationToken;
  if (!ts.isBinaryExpression(node)) return false;
  const operator = node.operatorToken.getText();
  return COMPARISONS.has(operator) || (LOGICAL.has(operator) && isBoolean(node.right));
}

/** A statement that is a call, an assignment, or the like. */
function isRemovable(node) {
  if (!ts.isExpressionStatement(node) || ts.isStringLiteral(node.expression)) return false;
  const { expression } = node;
  return !(ts.isCallExpression(expression) && expression.expression.kind === K.SuperKeyword);
}

function number(node, replace) {
  const value = Number(node.text);
  replace(node, String(value + 1));
  // Parentheses, because of `5 -1` and `-1`.
  replace(node, `(${value - 1})`);
}

/** Each string of a list is left out. */
function members(node, source, add) {
  if (node.elements.length < 2 || !node.elements.every(ts.isStringLiteral)) return;
  for (const [at, element] of node.elements.entries()) {
    const next = node.elements[at + 1];
    add(element.getStart(source), next ? next.getStart(source) : element.end, '');
  }
}

/** Without an anchor, or without the flag `i`. */
function pattern(node, replace) {
  const { text } = node;
  const close = text.lastIndexOf('/');
  const body = text.slice(1, close);
  const flags = text.slice(close + 1);
  if (body.startsWith('^')) replace(node, `/${body.slice(1)}/${flags}`);
  if (body.endsWith('$') && !body.endsWith('\\$')) replace(node, `/${body.slice(0, -1)}/${flags}`);
  if (flags.includes('i')) replace(node, `/${body}/${flags.replace('i', '')}`);
}

module.exports = { applied, mutantsOf };
