/**
 * Reads the links and anchors out of a Markdown text.
 *
 * Knows inline links and images, reference definitions and uses, and `href`/`src` in HTML; leaves out fenced code, code
 * spans and HTML comments. Code indented by four spaces is taken for prose, because lists are indented as well. A
 * scanner with bounded steps rather than one large pattern: the text is not trusted.
 */
import { linesOf } from './lines.ts';

export interface Link {
  /** As written, without the title and the angle brackets. */
  readonly target: string;
  /** Counted from 1. */
  readonly line: number;
}

export interface MarkdownLinks {
  readonly links: readonly Link[];
  /** `[text][name]` whose name is nowhere defined, most likely a typing mistake. */
  readonly undefinedNames: readonly Link[];
  /** What `#anchor` may name in this text. */
  readonly anchors: ReadonlySet<string>;
}

const TARGET_LIMIT = 1000;
const HEADING_LIMIT = 300;
const DEFINITION = /^ {0,3}\[([^\]^][^\]]{0,200})\]:\s*(?:<([^<>]{1,1000})>|(\S{1,1000}))/;
const USE = /\[[^[\]]{1,300}\]\[([^[\]]{1,200})\]/g;
const HTML = /\b(?:href|src)\s*=\s*["']([^"'<>]{1,1000})["']/gi;
const HTML_ANCHOR = /\b(?:id|name)\s*=\s*["']([^"'<>]{1,200})["']/gi;

export function markdownLinks(text: string): MarkdownLinks {
  const links: Link[] = [];
  const uses: Link[] = [];
  const names = new Set<string>();
  const headings = new Headings();
  let before = '';
  for (const { number: line, text: prose } of proseLines(text)) {
    const definition = DEFINITION.exec(prose);
    if (definition !== null) {
      names.add(normal(definition[1] ?? ''));
      links.push({ target: definition[2] ?? definition[3] ?? '', line });
    } else {
      for (const target of inlineTargets(prose)) links.push({ target, line });
      for (const use of prose.matchAll(USE)) uses.push({ target: use[1] ?? '', line });
    }
    for (const match of prose.matchAll(HTML)) links.push({ target: match[1] ?? '', line });
    headings.read(prose, before);
    before = prose;
  }
  return { links, undefinedNames: uses.filter(({ target }) => !names.has(normal(target))), anchors: headings.anchors };
}

function normal(name: string): string {
  return name.trim().replace(/\s+/g, ' ').toLowerCase();
}

class Headings {
  readonly anchors = new Set<string>(['', 'top']);
  readonly #seen = new Map<string, number>();

  read(prose: string, before: string): void {
    const heading = /^ {0,3}#{1,6}\s+(\S.*)$/.exec(prose)?.[1] ?? (/^ {0,3}(?:=+|-+)\s*$/.test(prose) ? before : '');
    if (heading.trim() !== '') this.#add(heading.slice(0, HEADING_LIMIT).replace(/\s+#+\s*$/, ''));
    for (const match of prose.matchAll(HTML_ANCHOR)) this.anchors.add((match[1] ?? '').toLowerCase());
  }

  #add(heading: string): void {
    const shown = heading.replace(/!?\[([^[\]]*)\](?:\([^()]*\)|\[[^[\]]*\])/g, '$1').trim();
    const slug = shown
      .toLowerCase()
      .replace(/[^\p{L}\p{M}\p{N}\p{Pc} -]/gu, '')
      .replace(/ /g, '-');
    const count = this.#seen.get(slug) ?? 0;
    this.#seen.set(slug, count + 1);
    this.anchors.add(count === 0 ? slug : `${slug}-${count}`);
  }
}

function* proseLines(text: string): Generator<{ number: number; text: string }> {
  let fence = '';
  let inComment = false;
  for (const { number, text: line } of linesOf(text)) {
    const mark = /^[\s>]{0,40}(?:[-*+] |\d{1,9}[.)] )?\s{0,8}(`{3,}|~{3,})(.*)$/.exec(line);
    if (fence !== '') {
      if (mark?.[1]?.startsWith(fence) === true && mark[2]?.trim() === '') fence = '';
    } else if (!inComment && mark?.[1] !== undefined && !(mark[1].startsWith('`') && mark[2]?.includes('`') === true)) {
      fence = mark[1];
    } else {
      const cut = withoutComments(line, inComment);
      inComment = cut.inComment;
      yield { number, text: withoutCode(cut.text) };
    }
  }
}

function withoutComments(line: string, inComment: boolean): { text: string; inComment: boolean } {
  let text = '';
  let inside = inComment;
  for (let at = 0; at < line.length; ) {
    const mark = line.indexOf(inside ? '-->' : '<!--', at);
    if (!inside) text += line.slice(at, mark < 0 ? line.length : mark);
    if (mark < 0) break;
    at = mark + (inside ? 3 : 4);
    inside = !inside;
  }
  return { text, inComment: inside };
}

/** Code spans become one `x`, so that a heading keeps a letter and a link text stays one. */
function withoutCode(line: string): string {
  if (/^ {0,3}#/.test(line)) return line.replaceAll('`', '');
  const runs = [...line.matchAll(/`+/g)];
  let text = '';
  let from = 0;
  for (let index = 0; index < runs.length; index += 1) {
    const open = runs[index];
    const close = closingRun(runs, index);
    if (open === undefined || close < 0) continue;
    text += `${line.slice(from, open.index)}x`;
    from = (runs[close]?.index ?? 0) + open[0].length;
    index = close;
  }
  return text + line.slice(from);
}

/** The next run of as many backticks, looked for no further than 64 runs. */
function closingRun(runs: readonly RegExpExecArray[], open: number): number {
  for (let index = open + 1; index < Math.min(runs.length, open + 64); index += 1) {
    if (runs[index]?.[0] === runs[open]?.[0]) return index;
  }
  return -1;
}

function* inlineTargets(line: string): Generator<string> {
  for (let at = line.indexOf(']('); at >= 0; at = line.indexOf('](', at + 2)) {
    const target = targetAt(line, at + 2);
    if (target !== undefined) yield target;
  }
}

function targetAt(line: string, start: number): string | undefined {
  let at = start;
  while (line[at] === ' ') at += 1;
  if (line[at] === '<') {
    const end = line.indexOf('>', at);
    return end < 0 || end - at > TARGET_LIMIT ? undefined : line.slice(at + 1, end);
  }
  let depth = 0;
  for (let end = at; end < line.length && end - at < TARGET_LIMIT; end += 1) {
    const character = line[end];
    if (character === '\\') end += 1;
    else if (character === '(') depth += 1;
    else if (character === ')' && depth > 0) depth -= 1;
    else if (character === ')') return line.slice(at, end);
    else if (character === ' ')
      return /^\s*(?:["'(]|\))/.test(line.slice(end, end + 80)) ? line.slice(at, end) : undefined;
    if (depth > 8) return undefined;
  }
  return undefined;
}
