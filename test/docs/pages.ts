/**
 * The pages of the documentation as the tests read them: code blocks, links and names of files.
 *
 * The info string of a TypeScript block may name the file that it is (`ts agents/words-agent.ts`) and ask to be run
 * (`ts caller.ts run`); the files of one page are one project. A block `text output of caller.ts` is what that run prints.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

export interface CodeBlock {
  readonly language: string;
  /** What the info string says behind the language. */
  readonly words: readonly string[];
  readonly text: string;
  readonly line: number;
}

export interface Page {
  /** From the root of the repository. */
  readonly path: string;
  readonly text: string;
  readonly blocks: readonly CodeBlock[];
}

export const pages: readonly Page[] = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
  'examples/README.md',
  ...readdirSync(join(root, 'examples'))
    .map((name) => `examples/${name}/README.md`)
    .filter((path) => existsSync(join(root, path))),
].map(readPage);

export function pageAt(path: string): Page {
  const page = pages.find((one) => one.path === path);
  if (page === undefined) throw new Error(`expected ${path} to be a page, got: none`);
  return page;
}

export function blocksOf(page: Page, language: string): readonly CodeBlock[] {
  return page.blocks.filter((block) => block.language === language);
}

/** The lines of a page's shell blocks, without their comments. */
export function shellLines(page: Page): readonly string[] {
  return blocksOf(page, 'sh').flatMap(({ text }) =>
    text
      .split('\n')
      .map((line) => line.replace(/\s+#.*$/, '').trim())
      .filter((line) => line !== ''),
  );
}

/** A shell line as words; knows quotes and nothing else of a shell. */
export function shellWords(line: string): readonly string[] {
  return [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, single, double, bare]) => single ?? double ?? bare ?? '',
  );
}

/** Relative links and pictures that lead nowhere. */
export function deadLinks({ path, text }: Page): readonly string[] {
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target ?? '');
  return targets
    .filter((target) => !/^[a-z]+:/.test(target))
    .filter((target) => !existsSync(join(root, dirname(path), target.replace(/#.*$/, ''))));
}

/** Files and folders of the repository that stand in backticks and do not exist. */
export function missingFiles({ text }: Page): readonly string[] {
  const names = [...text.matchAll(/`((?:src|bin|test|scripts|agents|docs)\/[\w./-]*)`/g)].map(([, name]) => name ?? '');
  return names.filter((name) => !existsSync(join(root, name)));
}

function readPage(path: string): Page {
  const text = readFileSync(join(root, path), 'utf8');
  const blocks = [...text.matchAll(/^```(\w+)(.*)\n([\s\S]*?)^```$/gm)].map(([, language, words, body, ...rest]) => ({
    language: language ?? '',
    words: (words ?? '').split(' ').filter((word) => word !== ''),
    text: body ?? '',
    line: text.slice(0, Number(rest[0])).split('\n').length,
  }));
  return { path, text, blocks };
}
