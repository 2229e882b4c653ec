/**
 * The part of docs/performance.md that a run writes: when it was, what took part, and the table. The rest of the page is written by hand.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { markdownOf, shown } from './report.js';

const [begin, end] = ['<!-- Written by "npm run bench -- --docs"; what is changed here is lost. -->', '<!-- End. -->'];

/** Without a record: that there is none. */
export function sectionOf(record) {
  if (record === undefined) return 'No run is recorded yet: `npm run bench`, and then `npm run bench -- --docs`.';
  const { at, reps, versions, rows, failed } = record;
  const names = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const behind = rows.filter(({ floorMet }) => !floorMet);
  const words = behind.map(({ name, peerName, ratio }) => `- ${name}, against ${peerName}: ${shown(ratio.median)}`);
  return [
    `${at} UTC, ${reps} repetitions. ${names.join(', ')}.`,
    markdownOf(rows),
    words.length === 0 ? 'Every floor is met.' : `The floor is not met here:\n\n${words.join('\n')}`,
    ...(failed.length === 0 ? [] : [`Not measured:\n\n${failed.map((why) => `- ${why.split('\n')[0]}`).join('\n')}`]),
  ].join('\n\n');
}

export function writePage(path, record) {
  writePart(path, begin, sectionOf(record));
}

/** What stands between the mark `from` and the next mark of an end. */
export function writePart(path, from, section) {
  const page = readFileSync(path, 'utf8');
  const at = page.indexOf(from);
  const to = page.indexOf(end, at);
  if (at < 0 || to < at) throw new Error(`expected ${path} to hold the marks of the written part, got: none`);
  writeFileSync(path, `${page.slice(0, at)}${from}\n\n${section}\n\n${page.slice(to)}`);
}
