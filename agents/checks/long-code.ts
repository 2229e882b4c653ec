/**
 * Functions of more than 60 lines and lines of more than 200 characters in source files.
 *
 * How functions are measured is stated in function-lengths.ts. Long lines make one finding per file, at the first of
 * them, so that a single generated file does not fill the report.
 */
import type { Check } from './check.ts';
import { Findings } from './findings.ts';
import { functionSpans } from './function-lengths.ts';
import { languageOf } from './languages.ts';
import { linesOf } from './lines.ts';
import type { TextFile } from './tree.ts';

const FUNCTION_LINES = 60;
const LINE_LENGTH = 200;

export const longCode: Check = {
  name: 'long-code',
  title: 'Long functions and long lines',
  async run(tree, signal) {
    const findings = new Findings();
    let functions = 0;
    let longest = 0;
    for await (const file of tree.texts((candidate) => languageOf(candidate.path).isCode)) {
      signal.throwIfAborted();
      for (const span of functionSpans(file.text, languageOf(file.path))) {
        functions += 1;
        longest = Math.max(longest, span.lines);
        if (span.lines <= FUNCTION_LINES) continue;
        findings.add(
          'warning',
          `${span.name} has ${span.lines} lines (more than ${FUNCTION_LINES})`,
          file.path,
          span.line,
        );
      }
      noteLongLines(file, findings);
    }
    return { findings, facts: { functions, 'longest function (lines)': longest } };
  },
};

function noteLongLines(file: TextFile, findings: Findings): void {
  let first = 0;
  let count = 0;
  let widest = 0;
  for (const line of linesOf(file.text)) {
    if (line.length <= LINE_LENGTH) continue;
    if (count === 0) first = line.number;
    count += 1;
    widest = Math.max(widest, line.length);
  }
  if (count === 0) return;
  const noun = count === 1 ? 'line has' : 'lines have';
  findings.add('info', `${count} ${noun} more than ${LINE_LENGTH} characters, the longest ${widest}`, file.path, first);
}
