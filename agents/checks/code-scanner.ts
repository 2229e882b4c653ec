/**
 * Blanks strings, comments and regular expressions in a line of a language with braces, so that braces can be counted.
 *
 * A scanner of characters, not a parser: it knows quotes, template literals over several lines (what stands in `${}` is
 * blanked too), line and block comments, and a regular expression where an operator comes before the slash. Heredocs,
 * nested template literals and preprocessor branches can mislead it, which costs a wrong length, never an error.
 */
export interface Dialect {
  /** Characters that open a string which ends on its line. */
  readonly quotes: string;
  /** `#` opens a comment. */
  readonly hashComments: boolean;
  readonly regularExpressions: boolean;
}

/** Keeps a line of unclosed brackets from being searched to its end again and again. */
const REGEX_LIMIT = 500;
const REGEX_MAY_FOLLOW = /(?:^|[(,=:[!&|?{};+]|\breturn|\bcase|=>)\s*$/;

export class CodeScanner {
  readonly #dialect: Dialect;
  #inside: 'code' | 'comment' | 'template' = 'code';

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  /** The line with everything that is not code left out; state is kept for the next line. */
  code(line: string): string {
    let code = '';
    for (let at = 0; at < line.length; ) {
      if (this.#inside !== 'code') {
        at = this.#leave(line, at);
        continue;
      }
      const end = this.#skipFrom(line, at, code);
      if (end > at) {
        // Something must stay where a string was, or `f("x")` and `f()` would look alike.
        if (this.#inside === 'code') code += '_';
        at = end;
      } else {
        code += line[at];
        at += 1;
      }
    }
    return code;
  }

  #leave(line: string, from: number): number {
    if (this.#inside === 'comment') {
      const end = line.indexOf('*/', from);
      if (end < 0) return line.length;
      this.#inside = 'code';
      return end + 2;
    }
    for (let at = from; at < line.length; at += 1) {
      if (line[at] === '\\') at += 1;
      else if (line[at] === '`') {
        this.#inside = 'code';
        return at + 1;
      }
    }
    return line.length;
  }

  /** Where what begins at `at` ends, or `at` when it is code. */
  #skipFrom(line: string, at: number, before: string): number {
    const character = line[at] ?? '';
    if (line.startsWith('//', at) || (character === '#' && this.#dialect.hashComments && line[at + 1] !== '[')) {
      return line.length;
    }
    if (line.startsWith('/*', at)) {
      this.#inside = 'comment';
      return at + 2;
    }
    if (character === '`') {
      this.#inside = 'template';
      return at + 1;
    }
    if (this.#dialect.quotes.includes(character)) return endOfString(line, at, character);
    if (character === '/' && this.#dialect.regularExpressions && REGEX_MAY_FOLLOW.test(before.slice(-12))) {
      return endOfRegex(line, at);
    }
    return at;
  }
}

function endOfString(line: string, at: number, quote: string): number {
  for (let index = at + 1; index < line.length; index += 1) {
    if (line[index] === '\\') index += 1;
    else if (line[index] === quote) return index + 1;
  }
  return line.length;
}

function endOfRegex(line: string, at: number): number {
  let inClass = false;
  for (let index = at + 1; index < Math.min(line.length, at + REGEX_LIMIT); index += 1) {
    const character = line[index];
    if (character === '\\') index += 1;
    else if (character === '[') inClass = true;
    else if (character === ']') inClass = false;
    else if (character === '/' && !inClass) return index + 1;
  }
  return at;
}
