/**
 * The files every repository is expected to have at its root: a README, a licence, ignore rules.
 *
 * Names are compared without case and extension; an empty file counts as missing. A Dockerfile without its own ignore
 * file sends the whole folder to the builder, so that is a note.
 */
import type { Check } from './check.ts';
import { Findings } from './findings.ts';

interface Expected {
  readonly what: string;
  readonly names: RegExp;
}

const EXPECTED: readonly Expected[] = [
  { what: 'README', names: /^readme(?:\.[a-z]+)*$/ },
  { what: 'licence', names: /^(?:licen[cs]e|copying|unlicense)(?:[-.][a-z0-9.-]+)?$/ },
  { what: '.gitignore', names: /^\.gitignore$/ },
];

export const projectFiles: Check = {
  name: 'project-files',
  title: 'README, licence and ignore files',
  async run(tree, signal) {
    signal.throwIfAborted();
    const findings = new Findings();
    const facts: Record<string, string> = {};
    const top = tree.files.filter((file) => !file.path.includes('/'));
    for (const { what, names } of EXPECTED) {
      const found = top.filter((file) => names.test(file.path.toLowerCase()));
      const full = found.find((file) => file.size > 0);
      facts[what] = full?.path ?? 'missing';
      if (full !== undefined) continue;
      if (found[0] === undefined) findings.add('warning', `there is no ${what} at the root`);
      else findings.add('warning', `the ${what} is empty`, found[0].path);
    }
    const dockerfile = top.find((file) => /^dockerfile(?:\..+)?$/.test(file.path.toLowerCase()));
    if (dockerfile !== undefined && !top.some((file) => file.path === '.dockerignore')) {
      findings.add('info', 'a Dockerfile without a .dockerignore', dockerfile.path);
    }
    return { findings, facts };
  },
};
