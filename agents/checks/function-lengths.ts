/**
 * Finds where functions begin and end, well enough to say which are too long.
 *
 * Heuristic. In languages with braces a function begins on a line that holds `function`, `func`, `fn` or `fun`, ends in
 * `=> {`, or looks like a method (`name(...) {`, no control keyword), and ends where the brace opened at the same
 * depth of parentheses closes. In Python it begins at `def` and ends before the next line indented no deeper. Test
 * groups (`describe`) are not functions. A signature with an object type as its result may be measured too short.
 */
import type { Dialect } from './code-scanner.ts';
import { CodeScanner } from './code-scanner.ts';
import type { Language } from './languages.ts';
import { linesOf } from './lines.ts';

export interface FunctionSpan {
  readonly name: string;
  /** The first line, counted from 1. */
  readonly line: number;
  readonly lines: number;
}

interface Open {
  readonly name: string;
  readonly line: number;
  readonly braces: number;
  readonly parens: number;
  entered: boolean;
}

const KEYWORD =
  /\b(?:function\s{0,2}\*?|func|fn|fun)\s{1,4}(?:\([^()]{0,80}\)\s{0,2})?([\w$]+)|\bfunction\s{0,2}\*?\s{0,2}\(/;
const ARROW = /=>\s*\{\s*$/;
const ASSIGNED = /([\w$]+)\s*[:=]\s*(?:async\b)?[^=]*$/;
const METHOD = /^\s*(?:[\w<>[\],.?@]+\s+){0,6}(#?[\w$]+)\s*(?:<[^<>]{0,80}>)?\(.*\)[^()]*\{\s*$/;
const NOT_METHODS =
  /^(?:if|for|while|switch|catch|with|foreach|match|using|lock|synchronized|elseif|return|new|do|else|await)$/;
const GROUPS = /^\s*(?:describe|suite|context)\b/;

export function functionSpans(text: string, language: Language): FunctionSpan[] {
  if (language.shape === 'indentation') return indentedSpans(text);
  return language.shape === 'braces' ? bracedSpans(text, dialectOf(language)) : [];
}

function dialectOf(language: Language): Dialect {
  const isScript = language.name === 'TypeScript' || language.name === 'JavaScript';
  return {
    quotes: language.name === 'Rust' ? '"' : `"'`,
    hashComments: language.name === 'PHP',
    regularExpressions: isScript,
  };
}

function bracedSpans(text: string, dialect: Dialect): FunctionSpan[] {
  const scanner = new CodeScanner(dialect);
  const spans: FunctionSpan[] = [];
  const open: Open[] = [];
  let braces = 0;
  let parens = 0;
  for (const line of linesOf(text)) {
    const code = scanner.code(line.text);
    const start = beginning(code);
    // An arrow or a method in a call begins inside parentheses that its own line opened.
    const inner = start?.atEnd === true ? parens + netParens(code) : parens;
    if (start !== undefined) open.push({ name: start.name, line: line.number, braces, parens: inner, entered: false });
    for (const character of code) {
      if (character === '(') parens += 1;
      else if (character === ')') parens = Math.max(0, parens - 1);
      else if (character === '{') {
        const last = open.at(-1);
        if (last !== undefined && !last.entered && last.parens === parens) {
          open[open.length - 1] = { ...last, braces, entered: true };
        }
        braces += 1;
      } else if (character === '}') {
        braces = Math.max(0, braces - 1);
        const last = open.at(-1);
        if (last === undefined || last.braces < braces || !last.entered) continue;
        open.pop();
        spans.push({ name: last.name, line: last.line, lines: line.number - last.line + 1 });
      } else if (character === ';' && open.at(-1)?.entered === false && open.at(-1)?.parens === parens) {
        // A declaration without a body.
        open.pop();
      }
    }
  }
  return spans;
}

function netParens(code: string): number {
  return code.split('(').length - code.split(')').length;
}

function beginning(code: string): { name: string; atEnd: boolean } | undefined {
  if (GROUPS.test(code)) return undefined;
  const keyword = KEYWORD.exec(code);
  if (keyword !== null) return { name: keyword[1] ?? 'a function', atEnd: false };
  const arrow = ARROW.exec(code);
  if (arrow !== null) {
    const assigned = ASSIGNED.exec(code.slice(0, Math.min(arrow.index, 300)));
    return { name: assigned?.[1] ?? 'a function', atEnd: true };
  }
  const method = code.length < 500 ? METHOD.exec(code) : null;
  const name = method?.[1];
  return name === undefined || NOT_METHODS.test(name) ? undefined : { name, atEnd: true };
}

function indentedSpans(text: string): FunctionSpan[] {
  const spans: FunctionSpan[] = [];
  const open: { name: string; line: number; indent: number }[] = [];
  let last = 0;
  const close = (indent: number): void => {
    for (let top = open.at(-1); top !== undefined && top.indent >= indent; top = open.at(-1)) {
      open.pop();
      spans.push({ name: top.name, line: top.line, lines: last - top.line + 1 });
    }
  };
  for (const line of linesOf(text)) {
    const indent = line.text.search(/\S/);
    if (indent < 0 || line.text[indent] === '#') continue;
    // A closing bracket at the margin ends a long signature, not the function.
    if (!/^[)\]}]/.test(line.text.slice(indent))) close(indent);
    last = line.number;
    const name = /^\s*(?:async\s+)?def\s+(\w+)/.exec(line.text)?.[1];
    if (name !== undefined) open.push({ name, line: line.number, indent });
  }
  close(0);
  return spans;
}
