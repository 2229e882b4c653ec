/**
 * Names the language of a file from its name, and says which check may look into it.
 *
 * One table for all checks, so that "source" means the same in the line counts, the long functions and the tests.
 */
import { posix } from 'node:path';

/** How a function's end is found: by braces, by indentation, or not at all. */
export type Shape = 'braces' | 'indentation' | 'none';

export interface Language {
  readonly name: string;
  /** Programmes, as opposed to prose, data and style. */
  readonly isCode: boolean;
  readonly shape: Shape;
}

const CODE_IN_BRACES: Readonly<Record<string, string>> = {
  TypeScript: 'ts tsx mts cts',
  JavaScript: 'js jsx mjs cjs',
  PHP: 'php phtml',
  Go: 'go',
  Java: 'java',
  Kotlin: 'kt kts',
  Scala: 'scala',
  Rust: 'rs',
  C: 'c h',
  'C++': 'cc cpp cxx hh hpp hxx',
  'C#': 'cs',
  Swift: 'swift',
  Dart: 'dart',
};
const CODE: Readonly<Record<string, string>> = {
  Ruby: 'rb rake',
  Shell: 'sh bash zsh',
  Lua: 'lua',
  Perl: 'pl pm',
  Elixir: 'ex exs',
  Erlang: 'erl hrl',
  Haskell: 'hs',
  SQL: 'sql',
  Vue: 'vue',
  Svelte: 'svelte',
};
const REST: Readonly<Record<string, string>> = {
  Markdown: 'md markdown mdx',
  Text: 'txt rst adoc',
  JSON: 'json jsonc json5 jsonl',
  YAML: 'yml yaml',
  TOML: 'toml',
  INI: 'ini cfg conf properties env',
  XML: 'xml svg xsd',
  HTML: 'html htm',
  CSS: 'css scss sass less',
  CSV: 'csv tsv',
};

const BY_EXTENSION: ReadonlyMap<string, Language> = new Map([
  ...entries(CODE_IN_BRACES, true, 'braces'),
  ...entries({ Python: 'py pyi' }, true, 'indentation'),
  ...entries(CODE, true, 'none'),
  ...entries(REST, false, 'none'),
]);
const OTHER: Language = { name: 'Other', isCode: false, shape: 'none' };

export function languageOf(path: string): Language {
  return BY_EXTENSION.get(extensionOf(path)) ?? OTHER;
}

/** The extension in lower case without its dot; `env` for `.env` and its like, which have none. */
export function extensionOf(path: string): string {
  const name = posix.basename(path).toLowerCase();
  if (name === '.env' || name.startsWith('.env.')) return 'env';
  return posix.extname(name).slice(1);
}

function entries(table: Readonly<Record<string, string>>, isCode: boolean, shape: Shape): [string, Language][] {
  return Object.entries(table).flatMap(([name, extensions]) =>
    extensions.split(' ').map((extension): [string, Language] => [extension, { name, isCode, shape }]),
  );
}
