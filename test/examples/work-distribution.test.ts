/**
 * The example of work distribution: the stages of each page in their order, each with what the one before has found out.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { missingClients } from '../classic/programs.ts';
import { root, runExample, temporaryFolder } from './run.ts';

const workers = { audit: /^py-[12]$/, 'update-docs': /^php-[12]$/, deploy: /^deploy@/, test: /^(php|py)-[12]$/ };

test.skipIf(missingClients !== undefined)(
  `six pages go through four stages in order, over workers in three languages (${missingClients ?? 'real clients'})`,
  async () => {
    const folder = temporaryFolder();
    const run = runExample(folder, ['work-distribution', 'site']);
    expect(await run.ended(), run.err()).toBe(0);

    const steps = [...run.out().matchAll(/\[ ?(\d+)\/24\] (\S+) +(\S+) by (\S+)$/gm)];
    expect(steps.map(([, number]) => Number(number))).toEqual(Array.from({ length: 24 }, (_, index) => index + 1));
    const pages = readdirSync(join(root, 'docs'))
      .filter((name) => name.endsWith('.md'))
      .sort()
      .slice(0, 6);
    for (const page of pages) {
      const own = steps.filter(([, , name]) => name === page);
      expect(own.map(([, , , stage]) => stage)).toEqual(Object.keys(workers));
      for (const [, , , stage = '', by] of own) expect(by).toMatch(workers[stage as keyof typeof workers]);
      // What is told at the end is what has travelled with the page.
      const told = own.map(([, , , stage, by]) => `${stage} by ${by}`).join(', ');
      expect(run.out()).toMatch(new RegExp(`^example +${page} \\(".*", ${wordsOf(page)} words\\): ${told}$`, 'm'));
      expect(readFileSync(join(folder, 'site', page), 'utf8')).toBe(withContents(page));
    }
    expect(readdirSync(join(folder, 'site')).sort()).toEqual(pages);
  },
);

const textOf = (page: string): string => readFileSync(join(root, 'docs', page), 'utf8');
const wordsOf = (page: string): number => textOf(page).trim().split(/\s+/).length;

/** The page with the list of its headings, as it is to stand in the site. */
function withContents(page: string): string {
  const [title = '', ...rest] = textOf(page).split('\n');
  const prose = rest.join('\n').replace(/^```[\s\S]*?^```/gm, '');
  const headings = [...prose.matchAll(/^## (.*)$/gm)].map(([, heading = '']) => heading);
  const anchor = (heading: string): string =>
    heading
      .toLowerCase()
      .replace(/[^a-z0-9 _-]/g, '')
      .replaceAll(' ', '-');
  return [title, '', ...headings.map((heading) => `- [${heading}](#${anchor(heading)})`), ...rest].join('\n');
}
