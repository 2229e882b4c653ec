/**
 * Encoding and line-end faults of text files: invalid UTF-8, byte order marks, CRLF, mixed line ends, no final newline.
 *
 * Works on bytes, because decoding hides what is looked for. Windows scripts keep their CRLF, which they need.
 */
import type { Check } from './check.ts';
import { Findings } from './findings.ts';
import { extensionOf } from './languages.ts';
import type { TextFile } from './tree.ts';

const CRLF_IS_RIGHT: ReadonlySet<string> = new Set(['bat', 'cmd', 'ps1', 'sln', 'reg']);
const LF = 10;
const CR = 13;

export const encoding: Check = {
  name: 'encoding',
  title: 'Encoding and line ends',
  async run(tree, signal) {
    const findings = new Findings();
    let files = 0;
    for await (const file of tree.texts()) {
      signal.throwIfAborted();
      files += 1;
      judgeCharacters(file, findings);
      judgeLineEnds(file, findings);
    }
    return { findings, facts: { 'text files': files } };
  },
};

function judgeCharacters({ bytes, text, path }: TextFile, findings: Findings): void {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    const at = text.indexOf('\uFFFD');
    findings.add('error', 'not valid UTF-8', path, text.slice(0, Math.max(0, at)).split('\n').length);
  }
  if (text.startsWith('\uFEFF')) findings.add('warning', 'starts with a byte order mark', path, 1);
}

function judgeLineEnds({ bytes, path }: TextFile, findings: Findings): void {
  let lf = 0;
  let crlf = 0;
  for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) {
    if (at > 0 && bytes[at - 1] === CR) crlf += 1;
    else lf += 1;
  }
  if (crlf > 0 && lf > 0) findings.add('warning', `mixed line ends (${lf} LF, ${crlf} CRLF)`, path);
  else if (crlf > 0 && !CRLF_IS_RIGHT.has(extensionOf(path))) findings.add('info', 'CRLF line ends', path);
  if (bytes.length > 0 && bytes.at(-1) !== LF) findings.add('info', 'no newline at the end of the file', path);
}
