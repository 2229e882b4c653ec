/**
 * Words that have no place in the repository: paths of somebody's machine, and work put off without an address.
 */
import type { Rule } from './source.ts';
import { matches } from './style.ts';

/** Put together here, so that this file does not report itself. */
const machinePath = new RegExp(`(?<![\\w.}])/(?:${['work', 'home', 'Users'].join('|')})/[\\w.-]`, 'g');
const putOff = new RegExp(`\\b(?:${['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX'].join('|')})\\b(?!.*#\\d)`, 'g');

export const wordRules: readonly Rule[] = [
  {
    title: 'no file names a path of a machine',
    check: (files) =>
      files.flatMap((file) =>
        matches(file, machinePath, 'say it relative to the repository, or make a temporary folder'),
      ),
    planted: [
      ['src/core/a.ts', `export const root = '/${'work'}/x';`],
      ['agents/a.ts', `// see /${'home'}/somebody/notes`],
    ],
  },
  {
    title: 'work that is put off names its issue',
    check: (files) => files.flatMap((file) => matches(file, putOff, 'do it, or name the issue: #12')),
    planted: [['src/core/a.ts', `// ${'TO' + 'DO'}: later`]],
  },
];
