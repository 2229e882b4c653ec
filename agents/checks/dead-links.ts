/**
 * Relative links in Markdown that lead nowhere, and anchors that no heading of the same file answers to.
 *
 * Whether a target is there is asked of the disk, so links to ignored files are alive. Targets with a scheme are other
 * people's and are not followed; anchors in other files are not checked.
 */
import { posix } from 'node:path';
import type { Check } from './check.ts';
import { Findings } from './findings.ts';
import { languageOf } from './languages.ts';
import { markdownLinks } from './markdown-links.ts';
import type { Tree } from './tree.ts';

const ELSEWHERE = /^(?:[a-z][a-z0-9+.-]*:|\/\/)/i;
/** Templates of documentation tools, filled in later. */
const PLACEHOLDER = /\{\{|\$\{|<%|\{%/;

export const deadLinks: Check = {
  name: 'dead-links',
  title: 'Dead relative links in Markdown',
  async run(tree, signal) {
    const findings = new Findings();
    let files = 0;
    let checked = 0;
    for await (const file of tree.texts((candidate) => languageOf(candidate.path).name === 'Markdown')) {
      files += 1;
      const { links, undefinedNames, anchors } = markdownLinks(file.text);
      for (const { target, line } of links) {
        signal.throwIfAborted();
        if (target === '' || ELSEWHERE.test(target) || PLACEHOLDER.test(target)) continue;
        checked += 1;
        const fault = await faultOf(tree, file.path, target, anchors);
        if (fault !== undefined) findings.add('warning', `${fault}: ${target}`, file.path, line);
      }
      for (const { target, line } of undefinedNames) {
        findings.add('info', `no definition for the reference link: ${target}`, file.path, line);
      }
    }
    return { findings, facts: { 'Markdown files': files, 'relative links': checked } };
  },
};

async function faultOf(
  tree: Tree,
  from: string,
  target: string,
  anchors: ReadonlySet<string>,
): Promise<string | undefined> {
  const [beforeAnchor, anchor] = splitOnce(target, '#');
  const path = decode(splitOnce(beforeAnchor, '?')[0]).replace(/\\([()_* ])/g, '$1');
  if (path === '') {
    const wanted = decode(anchor).toLowerCase();
    // GitHub's own anchors: line numbers and folded footnotes.
    return anchors.has(wanted) || /^(?:l\d|user-content-)/.test(wanted) ? undefined : 'no heading for the anchor';
  }
  const full = path.startsWith('/') ? path.slice(1) : posix.join(posix.dirname(from), path);
  const normalized = posix.normalize(full === '' ? '.' : full);
  if (normalized === '..' || normalized.startsWith('../')) return 'a link out of the tree';
  return (await tree.exists(normalized)) ? undefined : 'a dead link';
}

function splitOnce(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
