/**
 * Conflict markers that a merge left behind.
 *
 * A marker is seven characters at the start of a line. An opening one with its divider and its end is an error; one
 * without its counterpart is a warning, and a lone row of equals signs is a heading underline and means nothing.
 */
import type { Check } from './check.ts';
import { Findings } from './findings.ts';
import { linesOf } from './lines.ts';
import type { TextFile } from './tree.ts';

const OPENING = /^<{7}(?: |$)/;
const DIVIDER = /^={7}$/;
const CLOSING = /^>{7}(?: |$)/;
const SIGN = '<'.repeat(7);
const END_SIGN = '>'.repeat(7);

export const mergeMarkers: Check = {
  name: 'merge-markers',
  title: 'Merge markers',
  async run(tree, signal) {
    const findings = new Findings();
    let files = 0;
    for await (const file of tree.texts()) {
      signal.throwIfAborted();
      if (!file.text.includes(SIGN) && !file.text.includes(END_SIGN)) continue;
      const before = findings.total;
      search(file, findings);
      if (findings.total > before) files += 1;
    }
    return { findings, facts: { 'files with markers': files } };
  },
};

function search(file: TextFile, findings: Findings): void {
  let opened = 0;
  let divided = false;
  const lone = (line: number): void =>
    findings.add('warning', 'a merge marker without its counterpart', file.path, line);
  for (const { number, text } of linesOf(file.text)) {
    if (OPENING.test(text)) {
      if (opened > 0) lone(opened);
      opened = number;
      divided = false;
    } else if (DIVIDER.test(text)) divided = opened > 0;
    else if (CLOSING.test(text)) {
      if (opened > 0 && divided)
        findings.add('error', `an unresolved merge conflict, lines ${opened} to ${number}`, file.path, opened);
      else lone(opened > 0 ? opened : number);
      opened = 0;
    }
  }
  if (opened > 0) lone(opened);
}
